-- Deployments that name no service and no repository that would, by repository or environment.
with nameless as (
    select deployments.*, coalesce(repository, environment, 'nothing said') as subject
    from deployments
    -- what has not ended has no day, and is told as long as it is there
    where service is null and (day is null or day >= (select min(day) from calendar))
        and (day is null or day <= (select max(day) from calendar))
)
select subject, count(*) as items, max(finished_at) as newest_at,
    first_value(native_id order by finished_at desc nulls last, deployment_id) as example,
    first_value(url order by finished_at desc nulls last, deployment_id) as url,
    cast(null as varchar) as suggestion
from nameless
group by subject
order by items desc, subject
