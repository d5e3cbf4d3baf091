-- Exact median and 95th percentile of the time in the queue over the last 90 days, by trigger and week.
select trigger, cast(date_trunc('week', day) as date) as week, count(*) as runs, median(queue_seconds) as p50,
    percentile_cont(0.95) within group (order by queue_seconds) as p95
from ci_runs
where queue_seconds is not null and day >= :from
group by trigger, cast(date_trunc('week', day) as date)
order by trigger, week
