-- Production deployments by team and week, the busiest first; a service counts for the team it had then.
select scopes.scope as team, cast(date_trunc('week', deployments.day) as date) as week, count(*) as deployments
from deployments
join scopes on scopes.service = deployments.service and scopes.scope_kind = 'team'
    and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
where deployments.tier = 'production' and deployments.changed_running_version
group by scopes.scope, cast(date_trunc('week', deployments.day) as date)
order by deployments desc, team, week
limit 1000
