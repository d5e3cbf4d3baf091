-- The deployments behind a batch size, each with how many changes it carried.
with carried as (
    select delivered_changes.deployment_id, delivered_changes.service, calendar.period_start,
        min(delivered_changes.deployed_at) as deployed_at, count(*) as changes
    from delivered_changes
    join calendar on calendar.day = delivered_changes.day
    group by delivered_changes.deployment_id, delivered_changes.service, calendar.period_start
)
select carried.deployment_id, carried.service, deployments.kind, deployments.version, deployments.sha, carried.deployed_at,
    carried.changes, deployments.url,
    coalesce(deployments.tier = 'production' and deployments.kind = 'change' and deployments.attribution_status = 'exact', false)
        as is_counted,
    case
        when deployments.attribution_status = 'baseline' then 'first known deployment of the service: it takes the whole past'
        when deployments.attribution_status = 'unknown' then 'not all of its commits are known'
        when deployments.kind <> 'change' then 'it brought no new code'
    end as reason,
    scopes.scope_kind, scopes.scope, carried.period_start
from carried
join deployments on deployments.deployment_id = carried.deployment_id
join scopes on scopes.service = carried.service
    and carried.deployed_at >= scopes.valid_from and carried.deployed_at < scopes.valid_to
