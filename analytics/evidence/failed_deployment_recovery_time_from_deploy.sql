-- The failed deployments behind a recovery time that begins with them: when each ended, and when service was restored.
select deployment_id, service, evidence, because, finished_at, impaired_at, impaired_basis, restored_at, restored_basis,
    restored_by, has_ended, from_deploy_seconds, url,
    from_deploy_seconds is not null as is_counted,
    case when from_deploy_seconds is null then 'over before its deployment had ended'
        when not has_ended then 'not over: it counts as lasting at least so long' end as reason,
    scope_kind, scope, period_start
from recoveries
