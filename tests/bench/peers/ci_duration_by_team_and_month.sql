-- Exact median duration of pipeline runs by team and month, the slowest first.
select scopes.scope as team, cast(date_trunc('month', ci_runs.day) as date) as month, count(*) as runs,
    median(ci_runs.duration_seconds) as p50
from ci_runs
join scopes on scopes.service = ci_runs.service and scopes.scope_kind = 'team'
    and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
where ci_runs.duration_seconds is not null
group by scopes.scope, cast(date_trunc('month', ci_runs.day) as date)
order by p50 desc, team, month
limit 1000
