-- One row per incident episode, as its source tells it; an alert alone is no episode.
--
-- The cause is `change` only where a source named a deployment. Nearness in time is no evidence.
with told as (
    select * from observed.incidents where part_of is null and not is_deleted and not is_alert_only and merged_into is null
),
links as (
    select entity_id, unnest(deployment_links) as link from told
),
caused as (
    select links.entity_id, array_agg(distinct deployments.deployment_id order by deployments.deployment_id) as deployment_ids
    from links
    join deployments on deployments.deployment_id = links.link or deployments.native_id = links.link
    group by links.entity_id
)
select told.entity_id as episode_id, told.incident_id, told.service_hints as services, told.severity, told.status,
    coalesce(told.impact_started_at, told.first_alert_at, told.opened_at) as started_at,
    told.acknowledged_at, told.mitigated_at, told.resolved_at,
    case when caused.deployment_ids is null then 'unknown' else 'change' end as cause,
    caused.deployment_ids as caused_by_deployment_ids,
    local_day(coalesce(told.impact_started_at, told.first_alert_at, told.opened_at)) as day,
    told.url
from told
left join caused on caused.entity_id = told.entity_id
