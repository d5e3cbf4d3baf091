-- The changes behind a lead time until they stayed, and those left out with the reason.
select change_id, service, kind, sha, committed_at, merged_at, deployed_at, effective_deployed_at, deployment_id, effective_seconds, flags, url,
    left_out is null and effective_seconds is not null as is_counted,
    coalesce(left_out, case when effective_deployed_at is null then 'a rollback took it away, and it has not come back'
        when effective_seconds is null then 'not known when it began' end) as reason,
    scope_kind, scope, period_start
from placed_changes
