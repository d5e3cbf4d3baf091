-- Incidents that were resolved or mitigated before they began, by service.
with backward as (
    select incidents.*, coalesce(services[1], 'no service named') as subject
    from incidents
    where resolved_at < started_at or mitigated_at < started_at
)
select subject, count(*) as items, max(started_at) as newest_at,
    first_value(incident_id order by started_at desc, episode_id) as example,
    first_value(url order by started_at desc, episode_id) as url,
    cast(null as varchar) as suggestion
from backward
group by subject
order by items desc, subject
