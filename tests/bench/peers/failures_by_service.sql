-- Of the production deployments of each service, the share that needed intervention.
select deployments.service, count(*) as deployments, count(failures.deployment_id) as failed,
    cast(count(failures.deployment_id) as double) / count(*) as share
from deployments
left join failures on failures.deployment_id = deployments.deployment_id
where deployments.tier = 'production' and deployments.changed_running_version
group by deployments.service
order by share desc, deployments.service
