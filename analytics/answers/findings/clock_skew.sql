-- Delivered changes that are left out because they were deployed before they were written, by service.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
skewed as (
    select delivered_changes.*
    from delivered_changes
    cross join bounds
    where excluded = 'skew' and day between first_day and last_day
)
select service as subject, count(*) as items, max(deployed_at) as newest_at,
    first_value(change_id order by deployed_at desc, change_id) as example,
    first_value(url order by deployed_at desc, change_id) as url,
    cast(null as varchar) as suggestion
from skewed
group by service
order by items desc, subject
