-- One row per scope, period and production deployment that changed the running version: whether it
-- failed, whether it was itself a repair, and whether it is old enough to be judged.
--
-- A deployment counts in the period in which it finished. It is mature once `observation_window` has
-- passed: before that its failures may not be known.
with remedies as (
    select distinct deployment_id, service from remediations where deployment_id is not null
)
select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
    deployments.deployment_id, deployments.service, deployments.kind, deployments.version, deployments.sha,
    deployments.finished_at, deployments.mature_at, deployments.url,
    failures.deployment_id is not null as failed, remedies.deployment_id is not null as is_rework,
    deployments.mature_at <= calendar.as_of as matured,
    failures.evidence, failures.because, failures.evidence_items, failures.incident_ids, failures.impaired_at
from deployments
join calendar on calendar.day = deployments.day
join scopes on scopes.service = deployments.service
    and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
-- a failure and a remedy are of the service that was deployed: so much has to be looked at for a team
left join failures on failures.deployment_id = deployments.deployment_id and failures.service = deployments.service
left join remedies on remedies.deployment_id = deployments.deployment_id and remedies.service = deployments.service
where deployments.tier = 'production' and deployments.changed_running_version
