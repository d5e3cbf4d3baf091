-- DevLake's change failure rate: production deployments that at least one incident followed, by all
-- successful production deployments.
--
-- An incident is blamed on the latest deployment of any service of the project that had finished
-- before it began, however long ago and whatever it changed; ours needs a link, a rollback or a
-- revert, because time is no evidence. The blame depends on the project that is asked for, so a
-- team and its service can blame different deployments for one incident. Rollbacks without an
-- incident do not count, redeployments stand below the line, and nothing waits until it is mature.
-- No interval.
-- The facts cannot tell when an incident was created where its impact or first alert came before:
-- the earliest of these is taken; duplicates and reopened incidents are one here. An incident that
-- names no service belongs to no scope.
with affected as (
    select episode_id, started_at, unnest(services) as service from incidents
),
timeline as (
    select scopes.scope_kind, scopes.scope, deployments.finished_at as happened_at, 1 as is_deployment,
        deployments.deployment_id as id, deployments.day
    from deployments
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.outcome = 'succeeded'
    union all
    select distinct scopes.scope_kind, scopes.scope, affected.started_at, 0, affected.episode_id, cast(null as date)
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
blamed as (
    select distinct scope_kind, scope, place from numbered where is_deployment = 0
),
counted as (
    select numbered.scope_kind, numbered.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        count(*) as deployments, count(blamed.place) as failures
    from numbered
    join calendar on calendar.day = numbered.day
    left join blamed on blamed.scope_kind = numbered.scope_kind and blamed.scope = numbered.scope
        and blamed.place = numbered.place
    where numbered.is_deployment = 1
    group by numbered.scope_kind, numbered.scope, calendar.period_start, calendar.period_end, calendar.is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(failures as double) / nullif(deployments, 0) as value, cast(null as double) as low, cast(null as double) as high,
    deployments as sample_size, cast(failures as double) as numerator, cast(deployments as double) as denominator,
    cast(null as double) as coverage, is_partial
from counted
