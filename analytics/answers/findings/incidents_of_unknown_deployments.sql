-- Ids by which incidents name deployments, and that no deployment has.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
named as (
    select unnest(incidents.unknown_links) as subject, incidents.started_at, incidents.incident_id, incidents.episode_id,
        incidents.url
    from incidents
    cross join bounds
    where incidents.unknown_links is not null and incidents.day between bounds.first_day and bounds.last_day
)
select subject, count(*) as items, max(started_at) as newest_at,
    first_value(incident_id order by started_at desc, episode_id) as example,
    first_value(url order by started_at desc, episode_id) as url,
    cast(null as varchar) as suggestion
from named
group by subject
order by items desc, subject
