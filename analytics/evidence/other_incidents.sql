-- The incidents behind a number of other incidents, and those left out with the reason.
with episodes as (
    select incidents.*, unnest(incidents.services) as affected_service
    from incidents
)
select episodes.episode_id, episodes.incident_id, min(episodes.affected_service) as service, episodes.services,
    episodes.severity, episodes.cause, episodes.started_at, episodes.resolved_at, episodes.caused_by_deployment_ids, episodes.url,
    episodes.excluded is null and episodes.cause <> 'change' as is_counted,
    case
        when episodes.excluded = 'ends_before_it_starts' then 'it ends before it starts'
        when episodes.excluded is not null then 'its times cannot be used'
        when episodes.cause = 'change' then 'a deployment caused it: it counts in the change fail rate'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from episodes
join calendar on calendar.day = episodes.day
join scopes on scopes.service = episodes.affected_service
    and episodes.started_at >= scopes.valid_from and episodes.started_at < scopes.valid_to
where episodes.started_at <= calendar.as_of
group by episodes.episode_id, episodes.incident_id, episodes.services, episodes.severity, episodes.cause,
    episodes.started_at, episodes.resolved_at, episodes.caused_by_deployment_ids, episodes.url, episodes.excluded,
    scopes.scope_kind, scopes.scope, calendar.period_start
