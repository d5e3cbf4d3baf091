-- The changes behind a lead time in working hours, and those left out with the reason.
select change_id, service, kind, sha, committed_at, merged_at, deployed_at, lead_time_seconds, deployment_id, business_seconds, flags, url,
    left_out is null and business_seconds is not null as is_counted,
    coalesce(left_out, case when business_seconds is null then 'not known when it began' end) as reason,
    scope_kind, scope, period_start
from placed_changes
