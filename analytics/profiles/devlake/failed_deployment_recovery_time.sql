-- DevLake's failed deployment recovery time (its report of 2023): from the end of the deployment
-- that an incident is blamed on to the resolution of the incident, in whole minutes; the lower median.
--
-- The clock starts with the deployment, ours when users were impaired. An incident is blamed on the
-- latest deployment of any service of the project before it (see its change failure rate), so every
-- incident is a failed deployment, and one after a quiet month takes a month to recover. Both ends
-- must lie in the period: open incidents and those that outlast it are left out, which makes the
-- number better; ours keeps them as open. No minimum of rows and no interval.
-- The facts cannot tell when an incident was created where its impact or first alert came before:
-- the earliest of these is taken. An incident that names no service belongs to no scope.
with affected as (
    select episode_id, started_at, resolved_at, unnest(services) as service from incidents
),
timeline as (
    select scopes.scope_kind, scopes.scope, deployments.finished_at as happened_at, 1 as is_deployment,
        deployments.deployment_id as id, deployments.day, deployments.finished_at as ended_at
    from deployments
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.outcome = 'succeeded'
    union all
    select distinct scopes.scope_kind, scopes.scope, affected.started_at, 0, affected.episode_id, cast(null as date),
        affected.resolved_at
    from affected
    join scopes on scopes.service = affected.service
        and affected.started_at >= scopes.valid_from and affected.started_at < scopes.valid_to
),
numbered as (
    -- how many deployments had finished: the place of the latest one
    select *,
        sum(is_deployment) over (
            partition by scope_kind, scope order by happened_at, is_deployment, id
            rows between unbounded preceding and current row
        ) as place
    from timeline
),
recovered as (
    select failed.scope_kind, failed.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        floor(seconds_between(failed.ended_at, incident.ended_at) / 60.0) as minutes
    from numbered as incident
    join numbered as failed on failed.scope_kind = incident.scope_kind and failed.scope = incident.scope
        and failed.place = incident.place and failed.is_deployment = 1
    join calendar on calendar.day = failed.day
        and incident.ended_at >= calendar.period_start and incident.ended_at < calendar.period_end
    where incident.is_deployment = 0
),
ranked as (
    select *, percent_rank() over (partition by scope_kind, scope, period_start order by minutes) as rank
    from recovered
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    60.0 * max(minutes) filter (where rank <= 0.5) as value, cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from ranked
group by scope_kind, scope, period_start, period_end, is_partial
