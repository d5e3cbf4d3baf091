-- The deployments behind a rework rate: which repaired something, by what we know it, and which are too young.
with remedies as (
    select deployment_id, first_value(basis order by failed_deployment_id nulls last, episode_id nulls last) as basis,
        array_agg(distinct failed_deployment_id order by failed_deployment_id)
            filter (where failed_deployment_id is not null) as repaired_deployment_ids,
        array_agg(distinct episode_id order by episode_id) filter (where episode_id is not null) as episode_ids
    from remediations
    where deployment_id is not null
    group by deployment_id
)
select deployments.deployment_id, deployments.service, deployments.kind, deployments.version, deployments.sha,
    deployments.finished_at, deployments.mature_at, remedies.deployment_id is not null as is_rework, remedies.basis,
    remedies.repaired_deployment_ids, remedies.episode_ids, deployments.url,
    deployments.mature_at <= calendar.as_of as is_counted,
    case when deployments.mature_at > calendar.as_of then 'too young: what it repairs may not be known yet' end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from deployments
left join remedies on remedies.deployment_id = deployments.deployment_id
join calendar on calendar.day = deployments.day
join scopes on scopes.service = deployments.service
    and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
where deployments.tier = 'production' and deployments.changed_running_version
