-- Mature production deployments by service and week, and how many of them failed.
select deployments.service, calendar.period_start as week_start, count(*) as deployments, count(failures.deployment_id) as failures
from calendar
join deployments on deployments.day = calendar.day
left join failures on failures.deployment_id = deployments.deployment_id
where deployments.tier = 'production' and deployments.changed_running_version and deployments.mature_at <= calendar.as_of
group by deployments.service, calendar.period_start
order by service, week_start
