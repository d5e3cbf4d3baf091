-- Deployments of one stream that ended at the very same instant, by service: their order is that of their ids.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
reached as (
    select deployments.*
    from deployments
    cross join bounds
    where kind is not null and day between first_day and last_day
),
ties as (
    select service, environment, track, finished_at
    from reached
    group by service, environment, track, finished_at
    having count(*) > 1
)
select reached.service as subject, count(*) as items, max(reached.finished_at) as newest_at,
    first_value(native_id order by reached.finished_at desc, deployment_id) as example,
    first_value(url order by reached.finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from reached
join ties on ties.service = reached.service and ties.environment = reached.environment
    and ties.track = reached.track and ties.finished_at = reached.finished_at
group by reached.service
order by items desc, subject
