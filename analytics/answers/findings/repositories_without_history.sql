-- Repositories that are deployed to production and of which no commit with its parents was ever told.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
deployed as (
    select deployments.*
    from deployments
    cross join bounds
    where tier = 'production' and changed_running_version and repository is not null
        and day between first_day and last_day
),
told as (
    select distinct repository from commits where parents is not null
)
select deployed.repository as subject, count(*) as items, max(finished_at) as newest_at,
    first_value(sha order by finished_at desc, deployment_id) as example,
    first_value(url order by finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from deployed
left anti join told on told.repository = deployed.repository
group by deployed.repository
order by items desc, subject
