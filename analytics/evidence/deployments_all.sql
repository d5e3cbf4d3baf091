-- The deployments behind a number of all deployments, and those left out with the reason.
select deployments.deployment_id, deployments.service, deployments.environment, deployments.tier, deployments.kind,
    deployments.version, deployments.sha, deployments.outcome, deployments.finished_at, deployments.url,
    deployments.tier = 'production' and deployments.kind is not null and calendar.day_end <= calendar.as_of as is_counted,
    case
        when deployments.tier = 'unknown' then 'no rule says what kind of environment this is'
        when deployments.tier <> 'production' then 'not production'
        when deployments.rollout_of is not null then 'a further target of a rollout that counts once'
        when deployments.kind is null then 'it did not reach users'
        when calendar.day_end > calendar.as_of then 'its day is not over'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from deployments
join calendar on calendar.day = deployments.day
join scopes on scopes.service = deployments.service
    and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
