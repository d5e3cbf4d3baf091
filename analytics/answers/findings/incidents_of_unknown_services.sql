-- Services that incidents name, and of which nothing else was ever heard.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
named as (
    select unnest(incidents.services) as service, incidents.started_at, incidents.incident_id, incidents.episode_id, incidents.url
    from incidents
    cross join bounds
    where incidents.services is not null and incidents.day between bounds.first_day and bounds.last_day
),
known as (
    select service from service_owners
    union
    select service from service_activity
    union
    select service from attempts where service is not null
    union
    select service from ci_runs where service is not null
)
select named.service as subject, count(*) as items, max(named.started_at) as newest_at,
    first_value(named.incident_id order by named.started_at desc, named.episode_id) as example,
    first_value(named.url order by named.started_at desc, named.episode_id) as url,
    cast(null as varchar) as suggestion
from named
left anti join known on known.service = named.service
group by named.service
order by items desc, subject
