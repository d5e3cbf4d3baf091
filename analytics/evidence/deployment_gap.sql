-- The deployments behind a deployment gap, each with the time since the one before it.
select deployments.deployment_id, deployments.service, deployments.kind, deployments.version, deployments.sha,
    deployments.previous_finished_at, deployments.finished_at,
    seconds_between(deployments.previous_finished_at, deployments.finished_at) as gap_seconds, deployments.url,
    deployments.previous_finished_at is not null as is_counted,
    case when deployments.previous_finished_at is null then 'the first deployment of the service: nothing before it' end
        as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from deployments
join calendar on calendar.day = deployments.day
join scopes on scopes.service = deployments.service
    and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
where deployments.tier = 'production' and deployments.changed_running_version
