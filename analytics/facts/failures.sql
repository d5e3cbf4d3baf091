-- One row per production deployment that needed immediate intervention, with all its evidence.
--
-- A person's verdict stands above everything, also where it says that nothing failed; then an
-- incident that names the deployment, a rollback (or an attempt broken off after traffic had come),
-- a repair by revert or hotfix. Inferred evidence counts only inside the observation window, so that
-- a matured rate stays put; a verdict and an explicit link count whenever they arrive.
-- `evidence` is the strongest of them: verdict, explicit (an incident), rollback or repair.
with judged as (
    select distinct coalesce(deployments.rollout_of, deployments.deployment_id) as deployment_id, verdicts.is_failure, verdicts.reason
    from verdicts
    join deployments on deployments.deployment_id = verdicts.deployment or deployments.native_id = verdicts.deployment
),
explicit as (
    select incidents.episode_id, incidents.excluded, incidents.started_at, incidents.impact_started_at,
        incidents.first_alert_at, unnest(caused_by_deployment_ids) as deployment_id
    from incidents
    where caused_by_deployment_ids is not null
),
evidence as (
    -- somebody said so: the incident names the deployment, or a change that it brought
    select deployment_id, 'explicit' as evidence, 2 as strength, started_at as noticed_at, episode_id as because, episode_id
    from explicit
    union all
    select deployment_id, 'verdict', 1, null, reason, null from judged where is_failure
    union all
    select deployment_id, 'rollback', 3, finished_at, deployment_id as because, null
    from deployments
    where outcome <> 'succeeded' and changed_running_version
    union all
    select repaired_deployment_id, case when basis = 'rollback' then 'rollback' else 'repair' end,
        case when basis = 'rollback' then 3 else 4 end, finished_at, because, null
    from repairs
),
counted as (
    select evidence.*, deployments.service, deployments.environment, deployments.finished_at, deployments.exposed_at,
        deployments.mature_at, deployments.day, deployments.url
    from evidence
    join deployments on deployments.deployment_id = evidence.deployment_id
    left anti join (select deployment_id from judged where not is_failure) as cleared
        on cleared.deployment_id = evidence.deployment_id
    where deployments.tier = 'production' and deployments.changed_running_version
        and (evidence.strength <= 2 or evidence.noticed_at <= deployments.mature_at)
),
impaired as (
    select deployment_id, min(impact_started_at) as impact_started_at, min(first_alert_at) as first_alert_at
    from explicit
    where excluded is null
    group by deployment_id
),
gathered as (
    select deployment_id, service, environment, finished_at, exposed_at, mature_at, day, url,
        first_value(evidence order by strength, noticed_at, because) as evidence,
        first_value(because order by strength, noticed_at, because) as because,
        first_value(noticed_at order by strength, noticed_at, because) as noticed_at,
        array_agg(distinct evidence || ':' || coalesce(because, '') order by evidence || ':' || coalesce(because, ''))
            as evidence_items,
        array_agg(distinct episode_id order by episode_id) filter (where episode_id is not null) as incident_ids
    from counted
    group by deployment_id, service, environment, finished_at, exposed_at, mature_at, day, url
),
begun as (
    select gathered.*, coalesce(exposed_at, finished_at) as running_at, impaired.impact_started_at, impaired.first_alert_at
    from gathered
    left join impaired on impaired.deployment_id = gathered.deployment_id
),
dated as (
    select *, coalesce(impact_started_at, greatest(running_at, first_alert_at)) as impaired_at from begun
)
select deployment_id, service, environment, evidence, evidence_items, incident_ids, because, noticed_at,
    impaired_at,
    case
        when impact_started_at is not null then 'impact_start'
        when first_alert_at > running_at then 'alert'
        when exposed_at is not null then 'exposed'
        else 'finished'
    end as impaired_basis,
    local_day(impaired_at) as impaired_day,
    finished_at, mature_at, day, url
from dated
