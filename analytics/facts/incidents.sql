-- One row per incident episode: what its sources tell, with duplicates and parts joined.
--
-- An incident that was merged into another one, or is part of it, is the same episode; an alert alone
-- is none. An open one has no end. The cause is `change` only where a source named a deployment or a
-- change: nearness in time is no evidence. What contradicts itself stays here with the reason in
-- `excluded`, and is counted nowhere.
with links as (
    select root_id, unnest(deployment_links) as link from incident_members
),
change_links as (
    -- a link may spell a former name of the repository
    select told.root_id,
        case when repository_names.repository is null then told.link
            else repository_names.repository || '@' || split_part(told.link, '@', 2) end as link
    from (select root_id, unnest(change_links) as link from incident_members) as told
    left join repository_names on repository_names.name = split_part(told.link, '@', 1)
),
named as (
    -- a target that failed is a rollout that failed
    select links.root_id, coalesce(deployments.rollout_of, deployments.deployment_id) as deployment_id
    from links
    join deployments on deployments.deployment_id = links.link
    union
    select links.root_id, coalesce(deployments.rollout_of, deployments.deployment_id)
    from links
    join deployments on deployments.native_id = links.link
    union
    -- a change that broke something did so where it arrived
    select change_links.root_id, delivered_changes.deployment_id
    from change_links
    join delivered_changes on delivered_changes.change_id = change_links.link
    where delivered_changes.attribution_status <> 'baseline'
    union
    select change_links.root_id, delivered_changes.deployment_id
    from change_links
    join delivered_changes on delivered_changes.repository = split_part(change_links.link, '@', 1)
        and delivered_changes.sha = split_part(change_links.link, '@', 2)
    where delivered_changes.attribution_status <> 'baseline'
),
caused as (
    select root_id, array_agg(distinct deployment_id order by deployment_id) as deployment_ids
    from named
    group by root_id
),
hinted as (
    select root_id, array_agg(distinct service order by service) as services
    from (select root_id, unnest(service_hints) as service from incident_members) as hints
    where service is not null
    group by root_id
),
affected as (
    -- where nobody names a service, it is that of the deployment
    select named.root_id, array_agg(distinct deployments.service order by deployments.service) as services
    from named
    join deployments on deployments.deployment_id = named.deployment_id
    where deployments.service is not null
    group by named.root_id
),
pooled as (
    select root_id,
        array_agg(distinct incident_id order by incident_id) as incident_ids,
        min(impact_started_at) as impact_started_at,
        min(first_alert_at) as first_alert_at,
        min(opened_at) as opened_at,
        min(acknowledged_at) as acknowledged_at
    from incident_members
    group by root_id
),
episodes as (
    -- when it was over is said by the incident that took in the others
    select root.entity_id as episode_id, root.incident_id, pooled.incident_ids,
        coalesce(hinted.services, affected.services) as services, root.environment, root.severity, root.status,
        coalesce(pooled.impact_started_at, pooled.first_alert_at, pooled.opened_at) as started_at,
        case
            when pooled.impact_started_at is not null then 'impact_start'
            when pooled.first_alert_at is not null then 'alert'
            when pooled.opened_at is not null then 'opened'
        end as started_basis,
        pooled.impact_started_at, pooled.first_alert_at, pooled.acknowledged_at, root.mitigated_at, root.resolved_at,
        caused.deployment_ids as caused_by_deployment_ids, root.url
    from incident_members as root
    join pooled on pooled.root_id = root.entity_id
    left join caused on caused.root_id = root.entity_id
    left join hinted on hinted.root_id = root.entity_id
    left join affected on affected.root_id = root.entity_id
    where root.entity_id = root.root_id and not root.is_alert_only
)
select episode_id, incident_id, incident_ids, services, environment, severity, status, started_at, started_basis,
    impact_started_at, first_alert_at, acknowledged_at, mitigated_at, resolved_at,
    case when resolved_at >= started_at then seconds_between(started_at, resolved_at) end as down_seconds,
    case when caused_by_deployment_ids is null then 'unknown' else 'change' end as cause,
    caused_by_deployment_ids,
    case
        when started_at is null then 'no_start'
        when resolved_at < started_at or mitigated_at < started_at then 'ends_before_it_starts'
    end as excluded,
    local_day(started_at) as day,
    url
from episodes
