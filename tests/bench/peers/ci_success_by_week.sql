-- Of the first attempts that came to a conclusion, the share that succeeded, by week.
select cast(date_trunc('week', day) as date) as week, count(*) as runs,
    cast(count(*) filter (where result = 'success') as double) / count(*) as share
from ci_runs
where attempt = 1 and is_conclusive
group by cast(date_trunc('week', day) as date)
order by week
