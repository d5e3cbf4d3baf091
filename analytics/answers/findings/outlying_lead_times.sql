-- Delivered changes whose first commit is more than a year older than their deployment, by service.
with outlying as (
    select delivered_changes.*
    from delivered_changes
    where excluded is null and lead_time_seconds > 365.0 * 86400.0 and day between (select min(day) from calendar) and (select max(day) from calendar)
)
select service as subject, count(*) as items, max(deployed_at) as newest_at,
    first_value(change_id order by lead_time_seconds desc, change_id) as example,
    first_value(url order by lead_time_seconds desc, change_id) as url,
    cast(null as varchar) as suggestion
from outlying
group by service
order by items desc, subject
