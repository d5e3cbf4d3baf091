-- Change lead time by service and week: the mean of its logarithm, floored at a minute, and how many changes.
select delivered_changes.service, calendar.period_start as week_start,
    avg(ln(greatest(delivered_changes.lead_time_seconds, 60.0))) as mean_log, count(*) as measurements
from calendar
join delivered_changes on delivered_changes.day = calendar.day
where delivered_changes.excluded is null and delivered_changes.lead_time_seconds is not null
group by delivered_changes.service, calendar.period_start
order by service, week_start
