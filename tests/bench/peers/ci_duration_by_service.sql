-- Exact median and 95th percentile of the duration of pipeline runs, by service.
select service, count(*) as runs, median(duration_seconds) as p50,
    percentile_cont(0.95) within group (order by duration_seconds) as p95
from ci_runs
where duration_seconds is not null
group by service
order by service
