-- Deployments that name no service and no repository that would, by repository or environment.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
nameless as (
    select deployments.*, coalesce(repository, environment, 'nothing said') as subject
    from deployments
    cross join bounds
    -- what has not ended has no day, and is told as long as it is there
    where service is null and coalesce(day, last_day) between first_day and last_day
)
select subject, count(*) as items, max(finished_at) as newest_at,
    first_value(native_id order by finished_at desc nulls last, deployment_id) as example,
    first_value(url order by finished_at desc nulls last, deployment_id) as url,
    cast(null as varchar) as suggestion
from nameless
group by subject
order by items desc, subject
