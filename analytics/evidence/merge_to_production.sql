-- The merged changes behind a delivery time, and those left out with the reason.
select change_id, service, kind, sha, merged_at, deployed_at, deployment_id, merge_to_production_seconds, flags, url,
    coalesce(left_out is null and kind = 'pull_request' and merge_to_production_seconds is not null, false) as is_counted,
    coalesce(left_out, case when kind <> 'pull_request' then 'no pull request merged it'
        when merge_to_production_seconds is null then 'deployed before it was merged' end) as reason,
    scope_kind, scope, period_start
from placed_changes
