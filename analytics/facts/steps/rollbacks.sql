-- One row per rollback in production: what it takes away, and whether it is known to go back.
--
-- Known it is where the source says so, and where the version never ran before by itself: it is older than what ran.
select deployments.deployment_id, deployments.undoes, deployments.service, deployments.finished_at,
    deployments.restores is null or attempts.declared_rollback or attempts.rollback_of is not null
        or coalesce(attempts.declared_purpose = 'remediation', false) as is_certain
from deployments
join attempts on attempts.deployment_id = deployments.deployment_id
where deployments.undoes is not null and deployments.tier = 'production'
