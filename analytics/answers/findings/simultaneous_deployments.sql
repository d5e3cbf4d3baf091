-- Deployments of one stream that ended at the very same instant, by service: their order is that of their ids.
with reached as (
    select deployments.*
    from deployments
    where kind is not null and day between (select min(day) from calendar) and (select max(day) from calendar)
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
