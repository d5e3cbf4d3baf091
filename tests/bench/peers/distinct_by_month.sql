-- How many different commits, services and deployments the delivered changes of each month have.
select cast(date_trunc('month', day) as date) as month, count(distinct sha) as commits,
    count(distinct service) as services, count(distinct deployment_id) as deployments
from delivered_changes
group by cast(date_trunc('month', day) as date)
order by month
