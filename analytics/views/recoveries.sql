-- One row per scope, period and failed deployment: since when users were impaired, and until when.
--
-- It counts in the period in which the impairment began, and ends with the earliest credible
-- restoration. One that is not over lasts at least until now.
select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
    failures.deployment_id, failures.service, failures.evidence, failures.because, failures.finished_at,
    failures.impaired_at, failures.impaired_basis, failures.url,
    restoring.restored_at, restoring.restored_basis, restoring.deployment_id as restored_by,
    coalesce(restoring.restored_at <= calendar.as_of, false) as has_ended,
    case when restoring.restored_at <= calendar.as_of then restoring.recovery_seconds
        else seconds_between(failures.impaired_at, calendar.as_of) end as recovery_seconds,
    case
        -- what was over before its deployment had ended has no such time
        when restoring.restored_at < failures.finished_at then null
        when restoring.restored_at <= calendar.as_of then seconds_between(failures.finished_at, restoring.restored_at)
        when failures.finished_at <= calendar.as_of then seconds_between(failures.finished_at, calendar.as_of)
    end as from_deploy_seconds
from failures
-- a remedy is of the service that had failed: so much has to be looked at for a team
left join remediations as restoring on restoring.failed_deployment_id = failures.deployment_id
    and restoring.service = failures.service and restoring.is_restoring
join calendar on calendar.day = failures.impaired_day
join scopes on scopes.service = failures.service
    and failures.impaired_at >= scopes.valid_from and failures.impaired_at < scopes.valid_to
where failures.impaired_at <= calendar.as_of
