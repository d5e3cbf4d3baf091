-- The changes behind a lead time until they ran everywhere, and those left out with the reason.
select change_id, service, kind, sha, committed_at, merged_at, deployed_at, last_target_at, deployment_id, last_region_seconds,
    flags, url,
    left_out is null and last_region_seconds is not null as is_counted,
    coalesce(left_out, case when last_region_seconds is null then 'not known when it began' end) as reason,
    scope_kind, scope, period_start
from placed_changes
