-- Repositories with changes in the window from which nothing was ever deployed to production.
with changed as (
    select changes.*
    from changes
    where day between (select min(day) from calendar) and (select max(day) from calendar)
),
deployed as (
    select repository from deployments where tier = 'production' and repository is not null
    union
    -- a deployment may put several repositories there
    select split_part(revision, '@', 1) from (select unnest(revisions) as revision from deployments where tier = 'production') as revised
)
select changed.repository as subject, count(*) as items, max(merged_at) as newest_at,
    first_value(change_id order by merged_at desc nulls last, change_id) as example,
    first_value(url order by merged_at desc nulls last, change_id) as url,
    cast(null as varchar) as suggestion
from changed
left anti join deployed on deployed.repository = changed.repository
group by changed.repository
order by items desc, subject
