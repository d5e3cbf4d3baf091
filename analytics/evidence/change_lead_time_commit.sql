-- The commits behind a lead time by commit: when each was written, and those left out with the reason.
with written as (
    select scope_kind, scope, period_start, change_id, service, kind, actor_kind, deployed_at, deployment_id, left_out, url,
        unnest(commit_times) as written_at
    from placed_changes
    where commit_times is not null
    union all
    select scope_kind, scope, period_start, change_id, service, kind, actor_kind, deployed_at, deployment_id, left_out, url, null
    from placed_changes
    where commit_times is null
),
timed as (
    select written.*,
        case
            when written_at <= deployed_at then seconds_between(written_at, deployed_at)
            when seconds_between(deployed_at, written_at) <= settings.skew_tolerance_seconds then 0.0
        end as commit_seconds
    from written
    cross join settings
)
select change_id, service, kind, actor_kind, written_at, deployed_at, deployment_id, commit_seconds, url,
    left_out is null and commit_seconds is not null as is_counted,
    coalesce(left_out, case when written_at is null then 'the commits of the change are not known'
        when commit_seconds is null then 'its clocks contradict each other' end) as reason,
    scope_kind, scope, period_start
from timed
