-- The failed deployments behind a recovery time: since when users were impaired, until when, and by what it ended.
select failures.deployment_id, failures.service, failures.evidence, failures.because, failures.impaired_at,
    failures.impaired_basis, restoring.restored_at, restoring.restored_basis, restoring.deployment_id as restored_by,
    coalesce(restoring.restored_at <= calendar.as_of, false) as has_ended,
    case when restoring.restored_at <= calendar.as_of then restoring.recovery_seconds
        else seconds_between(failures.impaired_at, calendar.as_of) end as recovery_seconds,
    failures.url,
    true as is_counted,
    case when not coalesce(restoring.restored_at <= calendar.as_of, false) then 'not over: it counts as lasting at least so long' end
        as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from failures
left join remediations as restoring on restoring.failed_deployment_id = failures.deployment_id and restoring.is_restoring
join calendar on calendar.day = failures.impaired_day
join scopes on scopes.service = failures.service
    and failures.impaired_at >= scopes.valid_from and failures.impaired_at < scopes.valid_to
where failures.impaired_at <= calendar.as_of
