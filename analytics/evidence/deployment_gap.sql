-- The deployments behind a deployment gap, each with the time since the one before it.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
before as (
    select deployments.service, max(deployments.finished_at) as finished_at
    from deployments
    cross join bounds
    where deployments.tier = 'production' and deployments.changed_running_version and deployments.day < bounds.first_day
    group by deployments.service
),
departures as (
    select service, finished_at, '' as deployment_id, cast(null as date) as day, cast(null as varchar) as kind,
        cast(null as varchar) as version, cast(null as varchar) as sha, cast(null as varchar) as url
    from before
    union all
    select deployments.service, deployments.finished_at, deployments.deployment_id, deployments.day, deployments.kind,
        deployments.version, deployments.sha, deployments.url
    from deployments
    cross join bounds
    where deployments.tier = 'production' and deployments.changed_running_version
        and deployments.day >= bounds.first_day and deployments.day <= bounds.last_day
),
gaps as (
    select *, lag(finished_at) over (partition by service order by finished_at, deployment_id) as previous_finished_at
    from departures
)
select gaps.deployment_id, gaps.service, gaps.kind, gaps.version, gaps.sha, gaps.previous_finished_at, gaps.finished_at,
    seconds_between(gaps.previous_finished_at, gaps.finished_at) as gap_seconds, gaps.url,
    gaps.previous_finished_at is not null as is_counted,
    case when gaps.previous_finished_at is null then 'the first deployment of the service: nothing before it' end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from gaps
join calendar on calendar.day = gaps.day
join scopes on scopes.service = gaps.service
    and gaps.finished_at >= scopes.valid_from and gaps.finished_at < scopes.valid_to
