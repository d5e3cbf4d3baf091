-- The changes behind a lead time that counts bots too, and those left out with the reason.
select change_id, service, kind, actor_kind, sha, committed_at, start_basis, merged_at, deployed_at, deployment_id,
    lead_time_seconds, flags, url,
    coalesce(excluded, 'bot') = 'bot' and lead_time_seconds is not null as is_counted,
    case when coalesce(excluded, 'bot') <> 'bot' then left_out
        when lead_time_seconds is null then 'not known when it began' end as reason,
    scope_kind, scope, period_start
from placed_changes
