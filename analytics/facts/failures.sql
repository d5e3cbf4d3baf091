-- One row per production deployment that needed immediate intervention, with the strongest evidence.
--
-- Explicit beats inferred. A rollback counts as evidence only inside the observation window, so
-- that a matured rate stays put; an incident that names the deployment counts whenever it arrives.
with evidence as (
    -- somebody said so: the incident names the deployment
    select unnest(caused_by_deployment_ids) as deployment_id, 'explicit' as evidence, 1 as strength,
        started_at as noticed_at, episode_id as because
    from incidents
    where caused_by_deployment_ids is not null
    union all
    -- a later deployment put an older version back
    select undoes, 'rollback', 2, finished_at, deployment_id
    from deployments
    where undoes is not null and changed_running_version
),
ranked as (
    select evidence.*, deployments.service, deployments.finished_at, deployments.mature_at, deployments.day,
        deployments.url,
        row_number() over (partition by evidence.deployment_id order by strength, noticed_at, because) as place
    from evidence
    join deployments on deployments.deployment_id = evidence.deployment_id
    where deployments.tier = 'production' and deployments.changed_running_version
        and (evidence.evidence = 'explicit' or evidence.noticed_at <= deployments.mature_at)
)
select deployment_id, service, evidence, because, noticed_at, finished_at, mature_at, day, url
from ranked
where place = 1
