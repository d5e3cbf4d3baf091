-- The incidents behind a time to restore: when each began and ended, and those left out with the reason.
with episodes as (
    select incidents.*, unnest(incidents.services) as affected_service
    from incidents
),
placed as (
    select episodes.episode_id, episodes.incident_id, episodes.services, episodes.severity, episodes.cause, episodes.started_at,
        episodes.excluded, episodes.url, restoring.restored_at, restoring.restored_basis, restoring.recovery_seconds,
        calendar.as_of, scopes.scope_kind, scopes.scope, calendar.period_start, min(episodes.affected_service) as service
    from episodes
    left join remediations as restoring on restoring.episode_id = episodes.episode_id and restoring.is_restoring
    join calendar on calendar.day = episodes.day
    join scopes on scopes.service = episodes.affected_service
        and episodes.started_at >= scopes.valid_from and episodes.started_at < scopes.valid_to
    where episodes.started_at <= calendar.as_of
    group by episodes.episode_id, episodes.incident_id, episodes.services, episodes.severity, episodes.cause,
        episodes.started_at, episodes.excluded, episodes.url, restoring.restored_at, restoring.restored_basis,
        restoring.recovery_seconds, calendar.as_of, scopes.scope_kind, scopes.scope, calendar.period_start
)
select episode_id, incident_id, service, services, severity, cause, started_at, restored_at, restored_basis,
    coalesce(restored_at <= as_of, false) as has_ended,
    case when restored_at <= as_of then recovery_seconds else seconds_between(started_at, as_of) end as recovery_seconds, url,
    excluded is null as is_counted,
    case
        when excluded = 'ends_before_it_starts' then 'it ends before it starts'
        when excluded is not null then 'its times cannot be used'
        when not coalesce(restored_at <= as_of, false) then 'not over: it counts as lasting at least so long'
    end as reason,
    scope_kind, scope, period_start
from placed
