-- Deployments that name no environment, by service.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
placeless as (
    select deployments.*, coalesce(service, repository, 'nothing said') as subject
    from deployments
    cross join bounds
    where environment is null and coalesce(day, last_day) between first_day and last_day
)
select subject, count(*) as items, max(finished_at) as newest_at,
    first_value(native_id order by finished_at desc nulls last, deployment_id) as example,
    first_value(url order by finished_at desc nulls last, deployment_id) as url,
    cast(null as varchar) as suggestion
from placeless
group by subject
order by items desc, subject
