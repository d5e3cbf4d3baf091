-- The merged changes behind the delivery time of what was merged: since when each waits, and until when.
with ways as (
    select service, repository, min(finished_at) filter (where attribution_status <> 'unknown') as known_since
    from deployments
    where tier = 'production' and changed_running_version and service is not null and repository is not null
    group by service, repository
),
merged as (
    select ways.service, ways.known_since, changes.change_id, changes.kind, changes.actor_kind, changes.sha, changes.merged_at,
        changes.day, changes.url, changes.origin_id <> changes.change_id as is_copy, coalesce(changes.is_empty, false) as is_empty,
        delivered_changes.deployed_at, delivered_changes.deployment_id, delivered_changes.excluded,
        delivered_changes.merge_to_production_seconds
    from changes
    join ways on ways.repository = changes.repository
        and (changes.services is null or array_has(changes.services, ways.service))
    left join delivered_changes on delivered_changes.change_id = changes.change_id and delivered_changes.service = ways.service
    where changes.kind = 'pull_request'
),
placed as (
    select merged.*, calendar.as_of, scopes.scope_kind, scopes.scope, calendar.period_start,
        coalesce(merged.deployed_at <= calendar.as_of, false) as has_ended,
        case
            when merged.actor_kind = 'bot' then 'made by a bot'
            when merged.is_copy then 'a copy of another change'
            when merged.is_empty or merged.excluded = 'empty' then 'it changed nothing'
            when merged.excluded = 'baseline' then 'first known deployment of the service: it takes the whole past'
            when merged.excluded = 'remediation' then 'made to repair something: it counts as rework'
            when merged.excluded = 'cancelled_out' then 'taken back before anybody used it'
            when merged.excluded = 'skew' then 'its clocks contradict each other'
            when merged.known_since is null or merged.known_since > calendar.as_of
                then 'not known which commits the service has deployed'
            when merged.deployed_at <= calendar.as_of and merged.merge_to_production_seconds is null
                then 'deployed before it was merged'
        end as left_out
    from merged
    join calendar on calendar.day = merged.day
    join scopes on scopes.service = merged.service
        and merged.merged_at >= scopes.valid_from and merged.merged_at < scopes.valid_to
    where merged.merged_at <= calendar.as_of
)
select change_id, service, kind, actor_kind, sha, merged_at, deployed_at, deployment_id, has_ended,
    case when has_ended then merge_to_production_seconds else seconds_between(merged_at, as_of) end as waiting_seconds, url,
    left_out is null as is_counted,
    coalesce(left_out, case when not has_ended then 'not in production yet: it counts as waiting at least so long' end) as reason,
    scope_kind, scope, period_start
from placed
