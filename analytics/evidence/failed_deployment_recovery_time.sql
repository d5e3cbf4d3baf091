-- The failed deployments behind a recovery time: since when users were impaired, until when, and by what it ended.
select deployment_id, service, evidence, because, finished_at, impaired_at, impaired_basis, restored_at, restored_basis,
    restored_by, has_ended, recovery_seconds, url,
    true as is_counted,
    case when not has_ended then 'not over: it counts as lasting at least so long' end as reason,
    scope_kind, scope, period_start
from recoveries
