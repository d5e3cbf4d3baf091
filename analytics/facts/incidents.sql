-- One row per incident episode: what its sources tell, with duplicates, parts and repetitions joined.
--
-- An incident that was merged into another one, or is part of it, is the same episode, and so is one that
-- was opened again soon; an alert alone is none. An open one has no end. The cause is `change` only where
-- a source named a deployment or a change: nearness in time is no evidence. Ids by which it names deployments
-- of several other sources are `unclear_links`, and blame none; ids that no deployment has are `unknown_links`.
-- What contradicts itself stays here with the reason in `excluded`, and is counted nowhere.
-- `excluded` is no_start or ends_before_it_starts; null where it counts.
with members as (
    select told.episode_id, incident_members.incident_id, incident_members.place, incident_members.service_hints,
        incident_members.deployment_links, incident_members.change_links
    from (select distinct episode_id, entity_id from incident_spells) as told
    join incident_members on incident_members.root_id = told.entity_id
),
links as (
    select episode_id, place, service_hints, unnest(deployment_links) as link from members
),
deployed as (
    -- a target that failed is a rollout that failed
    select deployment_id, native_id, origin, service, coalesce(rollout_of, deployment_id) as first_id from attempts
),
called as (
    select links.episode_id, links.link, deployed.origin, deployed.first_id,
        case when deployed.origin = links.place then 1 when array_has(links.service_hints, deployed.service) then 2 else 3 end as distance
    from links
    join deployed on deployed.native_id = links.link
),
nearest as (
    select episode_id, link, min(distance) as distance, count(distinct origin) as origins from called group by episode_id, link
),
change_links as (
    -- a link may spell a former name of the repository
    select told.episode_id,
        case when repository_names.repository is null then told.link
            else repository_names.repository || '@' || split_part(told.link, '@', 2) end as link
    from (select episode_id, unnest(change_links) as link from members) as told
    left join repository_names on repository_names.name = split_part(told.link, '@', 1)
),
named as (
    select links.episode_id, deployed.first_id as deployment_id
    from links
    join deployed on deployed.deployment_id = links.link
    union
    -- a source's own id may be another's, too: meant is the deployment of the incident's own source, else of a service
    -- that the incident names, else the only one; where several sources know the id, nobody is blamed
    select called.episode_id, called.first_id
    from called
    join nearest on nearest.episode_id = called.episode_id and nearest.link = called.link and nearest.distance = called.distance
    where nearest.distance < 3 or nearest.origins = 1
    union
    -- a change that broke something did so where it arrived
    select change_links.episode_id, delivered_changes.deployment_id
    from change_links
    join delivered_changes on delivered_changes.change_id = change_links.link
    where delivered_changes.attribution_status <> 'baseline'
    union
    -- whichever commit of the change is named: an original, what the merge left, or what carried it further
    select change_links.episode_id, delivered_changes.deployment_id
    from change_links
    join change_commits on change_commits.repository = split_part(change_links.link, '@', 1)
        and change_commits.sha = split_part(change_links.link, '@', 2)
    join delivered_changes on delivered_changes.change_id = change_commits.change_id
    where delivered_changes.attribution_status <> 'baseline'
    union
    select change_links.episode_id, delivered_changes.deployment_id
    from change_links
    join delivered_changes on delivered_changes.repository = split_part(change_links.link, '@', 1)
        and delivered_changes.sha = split_part(change_links.link, '@', 2)
    where delivered_changes.attribution_status <> 'baseline'
),
unclear as (
    select episode_id, array_agg(distinct link order by link) as links
    from nearest
    where distance = 3 and origins > 1
    group by episode_id
),
unknown as (
    select links.episode_id, array_agg(distinct links.link order by links.link) as links
    from links
    left anti join deployed as theirs on theirs.native_id = links.link
    left anti join deployed as ours on ours.deployment_id = links.link
    where links.link is not null
    group by links.episode_id
),
caused as (
    select episode_id, array_agg(distinct deployment_id order by deployment_id) as deployment_ids
    from named
    group by episode_id
),
hinted as (
    select episode_id, array_agg(distinct service order by service) as services
    from (select episode_id, unnest(service_hints) as service from members) as hints
    where service is not null
    group by episode_id
),
affected as (
    -- where nobody names a service, it is that of the deployment
    select named.episode_id, array_agg(distinct deployments.service order by deployments.service) as services
    from named
    join deployments on deployments.deployment_id = named.deployment_id
    where deployments.service is not null
    group by named.episode_id
),
pooled as (
    select episode_id, array_agg(distinct incident_id order by incident_id) as incident_ids
    from members
    group by episode_id
),
timed as (
    select episode_id,
        first_value(entity_id order by began_at, spell_id) as entity_id,
        first_value(began_basis order by began_at, spell_id) as started_basis,
        last_value(status order by began_at, spell_id) as status,
        min(began_at) as started_at,
        min(impact_started_at) as impact_started_at,
        min(first_alert_at) as first_alert_at,
        min(acknowledged_at) as acknowledged_at,
        last_value(mitigated_at order by began_at, spell_id) as mitigated_at,
        last_value(over_at order by began_at, spell_id) as resolved_at,
        -- the times between, in which it was over, are left out
        case when bool_and(over_at is not null and over_at >= began_at) then sum(seconds_between(began_at, over_at)) end as down_seconds,
        count(*) - 1 as reopenings
    from incident_spells
    group by episode_id
)
select timed.episode_id, timed.entity_id, begun.incident_id, pooled.incident_ids,
    coalesce(hinted.services, affected.services) as services, begun.environment, begun.severity, timed.status,
    timed.started_at, timed.started_basis, timed.impact_started_at, timed.first_alert_at, timed.acknowledged_at,
    timed.mitigated_at, timed.resolved_at, timed.down_seconds, timed.reopenings,
    case when caused.deployment_ids is null then 'unknown' else 'change' end as cause,
    caused.deployment_ids as caused_by_deployment_ids,
    unclear.links as unclear_links, unknown.links as unknown_links,
    case
        when timed.started_at is null then 'no_start'
        when timed.resolved_at < timed.started_at or timed.mitigated_at < timed.started_at then 'ends_before_it_starts'
    end as excluded,
    local_day(timed.started_at) as day,
    begun.url
from timed
join incident_members as begun on begun.entity_id = timed.entity_id
join pooled on pooled.episode_id = timed.episode_id
left join caused on caused.episode_id = timed.episode_id
left join unclear on unclear.episode_id = timed.episode_id
left join unknown on unknown.episode_id = timed.episode_id
left join hinted on hinted.episode_id = timed.episode_id
left join affected on affected.episode_id = timed.episode_id
