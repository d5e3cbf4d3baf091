-- Deployments that name no environment, by service.
with placeless as (
    select deployments.*, coalesce(service, repository, 'nothing said') as subject
    from deployments
    where environment is null and (day is null or day >= (select min(day) from calendar))
        and (day is null or day <= (select max(day) from calendar))
)
select subject, count(*) as items, max(finished_at) as newest_at,
    first_value(native_id order by finished_at desc nulls last, deployment_id) as example,
    first_value(url order by finished_at desc nulls last, deployment_id) as url,
    cast(null as varchar) as suggestion
from placeless
group by subject
order by items desc, subject
