-- One row per scope and period: of how many of its production deployments the commits are known.
--
-- What a deployment brought cannot be measured where nobody knows which commits were in it, so this
-- share is part of the coverage of everything that is measured from commit to production.
select scopes.scope_kind, scopes.scope, calendar.period_start,
    count(*) as deployments, count(*) filter (where deployments.attribution_status <> 'unknown') as with_commits
from deployments
join calendar on calendar.day = deployments.day
join scopes on scopes.service = deployments.service
    and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
where deployments.tier = 'production' and deployments.changed_running_version
group by scopes.scope_kind, scopes.scope, calendar.period_start
