-- Exact median lead time by team and week, the slowest first.
select scopes.scope as team, cast(date_trunc('week', delivered_changes.day) as date) as week, count(*) as changes,
    median(delivered_changes.lead_time_seconds) as p50
from delivered_changes
join scopes on scopes.service = delivered_changes.service and scopes.scope_kind = 'team'
    and delivered_changes.deployed_at >= scopes.valid_from and delivered_changes.deployed_at < scopes.valid_to
where delivered_changes.excluded is null and delivered_changes.lead_time_seconds is not null
group by scopes.scope, cast(date_trunc('week', delivered_changes.day) as date)
order by p50 desc, team, week
limit 1000
