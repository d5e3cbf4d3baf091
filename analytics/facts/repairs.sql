-- One row per production deployment that repairs an earlier one, the earlier one, and the rule that says so.
--
-- `rollback`: it takes the earlier one away. What a rollback took away and is tried again (V1 V2 V1 V2) goes
-- forward, though its version ran before: it repairs nothing, unless its source calls it a rollback or a remedy.
-- `revert`: it takes back a change that the earlier one delivered. `hotfix_rule`: it delivers a change that
-- the organisation's rules call a hotfix; what that mends is what ran before, unless that went back, after
-- which nothing was broken. A baseline delivers nothing by itself, so nothing in it is a repair and none of
-- it is repaired.
with delivered as (
    select * from delivered_changes where attribution_status <> 'baseline'
),
followed as (
    select *, is_certain or undoes is distinct from lag(deployment_id) over stretch as is_first
    from rollbacks
    window stretch as (partition by service order by finished_at, deployment_id)
),
runs as (
    select *, sum(case when is_first then 1 else 0 end) over (partition by service order by finished_at, deployment_id) as run
    from followed
),
numbered as (
    select *, row_number() over (partition by service, run order by finished_at, deployment_id) as place from runs
),
directed as (
    -- to take away what went back is to go forward, to take away what went forward is to go back; five steps are followed,
    -- and of more, where each takes away the one just before it, every second goes back
    select one.deployment_id, one.undoes, one.service, one.finished_at,
        case
            when one.is_certain or two.deployment_id is null then true
            when two.is_certain or three.deployment_id is null then false
            when three.is_certain or four.deployment_id is null then true
            when four.is_certain or five.deployment_id is null then false
            when five.is_certain or six.deployment_id is null then true
            else one.place % 2 = 1
        end as goes_back
    from numbered as one
    left join rollbacks as two on two.deployment_id = one.undoes
    left join rollbacks as three on three.deployment_id = two.undoes
    left join rollbacks as four on four.deployment_id = three.undoes
    left join rollbacks as five on five.deployment_id = four.undoes
    left join rollbacks as six on six.deployment_id = five.undoes
)
select deployment_id, undoes as repaired_deployment_id, 'rollback' as basis, service, deployment_id as because, finished_at
from directed
where goes_back
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
join deployments as before on before.deployment_id = deployments.replaces
left join directed on directed.deployment_id = before.deployment_id
where (before.kind <> 'rollback' or not directed.goes_back) and (hotfixes.excluded is null or hotfixes.excluded <> 'cancelled_out')
group by hotfixes.deployment_id, before.deployment_id, hotfixes.service
