-- Delivered changes that are left out because they were deployed before they were written, by service.
with skewed as (
    select delivered_changes.*
    from delivered_changes
    where excluded = 'skew' and day between (select min(day) from calendar) and (select max(day) from calendar)
)
select service as subject, count(*) as items, max(deployed_at) as newest_at,
    first_value(change_id order by deployed_at desc, change_id) as example,
    first_value(url order by deployed_at desc, change_id) as url,
    cast(null as varchar) as suggestion
from skewed
group by service
order by items desc, subject
