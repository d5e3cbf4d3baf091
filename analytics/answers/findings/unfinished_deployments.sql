-- Deployments that are still in progress after `deployment_timeout`, by service: nobody told how they ended.
with bounds as (
    select max(as_of) as as_of from calendar
),
hanging as (
    select deployments.*, coalesce(started_at, created_at) as begun_at, coalesce(service, repository, 'nothing said') as subject
    from deployments
    cross join bounds
    -- one that tells no time at all cannot be late, and cannot end either
    where outcome = 'in_progress' and (times_out_at is null or times_out_at <= as_of)
)
select subject, count(*) as items, max(begun_at) as newest_at,
    first_value(native_id order by begun_at desc nulls last, deployment_id) as example,
    first_value(url order by begun_at desc nulls last, deployment_id) as url,
    cast(null as varchar) as suggestion
from hanging
group by subject
order by items desc, subject
