-- The changes behind a change lead time, and those left out with the reason.
select change_id, service, kind, sha, committed_at, start_basis, merged_at, deployed_at,
    coding_seconds, pickup_seconds, review_seconds, merge_to_deploy_seconds, deploy_seconds, deployment_id, lead_time_seconds, flags, url,
    left_out is null and lead_time_seconds is not null as is_counted,
    coalesce(left_out, case when lead_time_seconds is null then 'not known when it began' end) as reason,
    scope_kind, scope, period_start
from placed_changes
