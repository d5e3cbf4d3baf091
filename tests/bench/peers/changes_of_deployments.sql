-- Deployments joined to the changes that they delivered: how many changes one takes, by service.
select deployments.service, count(distinct deployments.deployment_id) as deployments,
    count(delivered_changes.change_id) as changes, max(delivered_changes.lead_time_seconds) as longest_seconds
from deployments
join delivered_changes on delivered_changes.deployment_id = deployments.deployment_id
where deployments.tier = 'production' and deployments.changed_running_version
group by deployments.service
order by changes desc, deployments.service
limit 500
