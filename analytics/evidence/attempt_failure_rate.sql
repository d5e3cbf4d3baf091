-- The attempts behind an attempt failure rate, and those left out with the reason.
select deployments.deployment_id, deployments.service, deployments.environment, deployments.attempt, deployments.version,
    deployments.sha, deployments.outcome, deployments.reached, deployments.started_at, deployments.finished_at,
    coalesce(deployments.outcome = 'failed' and not deployments.reached, false) as failed, deployments.url,
    deployments.outcome = 'succeeded' or (deployments.outcome = 'failed' and deployments.reached is not null) as is_counted,
    case deployments.outcome
        when 'cancelled' then 'cancelled'
        when 'skipped' then 'skipped'
        when 'in_progress' then 'not over'
        when 'unknown' then 'not known how it ended'
        when 'failed' then case when deployments.reached is null then 'not known whether it reached users' end
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from deployments
join calendar on calendar.day = deployments.day
join scopes on scopes.service = deployments.service
    and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
where deployments.tier = 'production'
