-- Repositories with changes in the window from which nothing was ever deployed to production.
with changed as (
    select changes.*
    from changes
    where day between (select min(day) from calendar) and (select max(day) from calendar)
),
deployed as (
    select distinct repository from deployments where tier = 'production' and repository is not null
)
select changed.repository as subject, count(*) as items, max(merged_at) as newest_at,
    first_value(change_id order by merged_at desc nulls last, change_id) as example,
    first_value(url order by merged_at desc nulls last, change_id) as url,
    cast(null as varchar) as suggestion
from changed
left anti join deployed on deployed.repository = changed.repository
group by changed.repository
order by items desc, subject
