-- The changes behind a lead time until users had them, and those left out with the reason.
select change_id, service, kind, sha, committed_at, merged_at, deployed_at, exposed_at, deployment_id, exposed_seconds, flags, url,
    left_out is null and exposed_seconds is not null as is_counted,
    coalesce(left_out, case when exposed_at is null then 'not known when users could first meet it'
        when exposed_seconds is null then 'not known when it began' end) as reason,
    scope_kind, scope, period_start
from placed_changes
