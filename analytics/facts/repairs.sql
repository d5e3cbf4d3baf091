-- One row per production deployment that repairs an earlier one, the earlier one, and the rule that says so.
--
-- `rollback`: it takes the earlier one away. `revert`: it takes back a change that the earlier one
-- delivered. `hotfix_rule`: it delivers a change that the organisation's rules call a hotfix; what
-- that mends is what ran before, unless that was a rollback, after which nothing was broken. A
-- baseline delivers nothing by itself, so nothing in it is a repair and none of it is repaired.
with delivered as (
    select * from delivered_changes where attribution_status <> 'baseline'
)
select deployment_id, undoes as repaired_deployment_id, 'rollback' as basis, service, deployment_id as because, finished_at
from deployments
where undoes is not null and tier = 'production'
union all
select reverting.deployment_id, reverted.deployment_id, 'revert', reverting.service, min(changes.change_id), min(reverting.deployed_at)
from delivered as reverting
join changes on changes.change_id = reverting.change_id and changes.is_revert
join changes as target on target.change_id = changes.reverts_change_id
join delivered as reverted on reverted.change_id = target.origin_id and reverted.service = reverting.service
where reverted.deployment_id <> reverting.deployment_id and reverted.deployed_at <= reverting.deployed_at
group by reverting.deployment_id, reverted.deployment_id, reverting.service
union all
select hotfixes.deployment_id, before.deployment_id, 'hotfix_rule', hotfixes.service, min(changes.change_id), min(hotfixes.deployed_at)
from delivered as hotfixes
join changes on changes.change_id = hotfixes.change_id and changes.is_hotfix and changes.reverts_change_id is null
join deployments on deployments.deployment_id = hotfixes.deployment_id
join deployments as before on before.deployment_id = deployments.replaces and before.kind <> 'rollback'
where hotfixes.excluded is null or hotfixes.excluded <> 'cancelled_out'
group by hotfixes.deployment_id, before.deployment_id, hotfixes.service
