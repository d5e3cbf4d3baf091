-- Ids by which an incident or a verdict names deployments of several sources, each with its own meaning.
--
-- For a verdict the lines name the newest of the deployments; which one was meant is never guessed.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
of_incidents as (
    select unnest(incidents.unclear_links) as subject, incidents.started_at as at, incidents.incident_id as name, incidents.url,
        incidents.episode_id as id, cast(null as varchar) as suggestion
    from incidents
    cross join bounds
    where incidents.unclear_links is not null and incidents.day between bounds.first_day and bounds.last_day
),
judged as (
    select verdicts.deployment, count(distinct attempts.origin) as origins,
        first_value(attempts.deployment_id order by attempts.finished_at desc nulls last, attempts.deployment_id) as newest_id,
        first_value(attempts.url order by attempts.finished_at desc nulls last, attempts.deployment_id) as url,
        max(attempts.finished_at) as at
    from verdicts
    join attempts on attempts.native_id = verdicts.deployment
    group by verdicts.deployment
),
named as (
    select * from of_incidents
    union all
    select deployment, at, newest_id as name, url, newest_id as id,
        '[[verdict]]' || chr(10) || 'deployment = "' || replace(replace(newest_id, '\', '\\'), '"', '\"') || '"'
    from judged
    where origins > 1
)
select subject, count(*) as items, max(at) as newest_at,
    first_value(name order by at desc nulls last, id) as example,
    first_value(url order by at desc nulls last, id) as url,
    max(suggestion) as suggestion
from named
group by subject
order by items desc, subject
