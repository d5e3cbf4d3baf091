-- One row per change and service: the first production deployment that contains it, by ancestry.
--
-- A change ends its clock when that deployment was complete, else finished. Starting after the end
-- by no more than the tolerated clock skew counts as 0 and is flagged; by more it is excluded and
-- counted. The first deployment of a stream takes the whole past and is excluded as baseline.
with delivered as (
    select changes.change_id, attribution.service, attribution.deployment_id, changes.repository, changes.sha, changes.kind,
        changes.committed_at, changes.start_basis, changes.opened_at, changes.merged_at, changes.actor_kind, changes.url,
        deployments.started_at as deploy_started_at,
        coalesce(deployments.completed_at, deployments.finished_at) as deployed_at,
        attribution.attribution_status,
        seconds_between(changes.committed_at, coalesce(deployments.completed_at, deployments.finished_at)) as elapsed_seconds,
        seconds_between(changes.merged_at, coalesce(deployments.completed_at, deployments.finished_at)) as after_merge_seconds
    from changes
    join attribution on attribution.repository = changes.repository and attribution.sha = changes.sha
    join deployments on deployments.deployment_id = attribution.deployment_id
)
select change_id, service, deployment_id, repository, sha, kind, committed_at, start_basis, opened_at, merged_at,
    deploy_started_at, deployed_at,
    case
        when elapsed_seconds >= 0 then elapsed_seconds
        when elapsed_seconds >= -settings.skew_tolerance_seconds then 0.0
    end as lead_time_seconds,
    case when after_merge_seconds >= 0 then after_merge_seconds end as merge_to_production_seconds,
    actor_kind,
    case
        when attribution_status = 'baseline' then 'baseline'
        when actor_kind = 'bot' then 'bot'
        when elapsed_seconds < -settings.skew_tolerance_seconds then 'skew'
    end as excluded,
    attribution_status,
    local_day(deployed_at) as day,
    url
from delivered
cross join settings
