-- The changes behind the wait for deployment of a lead time, and those left out with the reason.
select change_id, service, kind, sha, committed_at, ready_at, opened_at, first_review_at, merged_at, deploy_started_at,
    deployed_at, deployment_id, lead_time_seconds, merge_to_deploy_seconds, flags, url,
    left_out is null and lead_time_seconds is not null and merge_to_deploy_seconds is not null as is_counted,
    coalesce(left_out, case when lead_time_seconds is null or merge_to_deploy_seconds is null
        then 'one end of the stage is not known, or lies before the other' end) as reason,
    scope_kind, scope, period_start
from placed_changes
