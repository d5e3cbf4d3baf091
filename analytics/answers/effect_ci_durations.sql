-- Duration of pipeline runs by service and week: the mean of its logarithm, floored at a minute, and how many runs.
select ci_runs.service, calendar.period_start as week_start,
    avg(ln(greatest(ci_runs.duration_seconds, 60.0))) as mean_log, count(*) as measurements
from calendar
join ci_runs on ci_runs.day = calendar.day
where ci_runs.is_conclusive and ci_runs.duration_seconds is not null and ci_runs.service is not null
group by ci_runs.service, calendar.period_start
order by service, week_start
