-- The merged changes behind the delivery time of what was merged: since when each waits, and until when.
with placed as (
    select awaited_lately.*, calendar.as_of, scopes.scope_kind, scopes.scope, calendar.period_start,
        coalesce(awaited_lately.deployed_at <= calendar.as_of, false) as has_ended,
        case
            when awaited_lately.actor_kind = 'bot' then 'made by a bot'
            when awaited_lately.is_copy then 'a copy of another change'
            when awaited_lately.is_empty or awaited_lately.excluded = 'empty' then 'it changed nothing'
            when awaited_lately.excluded = 'baseline' then 'first known deployment of the service: it takes the whole past'
            when awaited_lately.excluded = 'remediation' then 'made to repair something: it counts as rework'
            when awaited_lately.excluded = 'cancelled_out' then 'taken back before anybody used it'
            when awaited_lately.excluded = 'skew' then 'its clocks contradict each other'
            when awaited_lately.known_since is null or awaited_lately.known_since > calendar.as_of
                then 'not known which commits the service has deployed'
            when awaited_lately.deployed_at <= calendar.as_of and awaited_lately.merge_to_production_seconds is null
                then 'deployed before it was merged'
        end as left_out
    from awaited_lately
    join calendar on calendar.day = awaited_lately.merged_day
    join scopes on scopes.service = awaited_lately.service
        and awaited_lately.merged_at >= scopes.valid_from and awaited_lately.merged_at < scopes.valid_to
    where awaited_lately.kind = 'pull_request' and awaited_lately.merged_at <= calendar.as_of
)
select change_id, service, kind, actor_kind, sha, merged_at, deployed_at, deployment_id, has_ended,
    case when has_ended then merge_to_production_seconds else seconds_between(merged_at, as_of) end as waiting_seconds, url,
    left_out is null as is_counted,
    coalesce(left_out, case when not has_ended then 'not in production yet: it counts as waiting at least so long' end) as reason,
    scope_kind, scope, period_start
from placed
