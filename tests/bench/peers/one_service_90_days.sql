-- One service over the last 90 days, by week.
select cast(date_trunc('week', day) as date) as week, count(*) as runs,
    count(*) filter (where result = 'success') as succeeded, avg(duration_seconds) as mean_seconds
from ci_runs
where service = :service and day >= :from
group by cast(date_trunc('week', day) as date)
order by week
