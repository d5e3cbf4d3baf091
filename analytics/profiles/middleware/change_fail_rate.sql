-- Middleware's change failure rate: deployments of the team after which, and before the next one, an
-- incident was created, by all runs.
--
-- An incident is blamed on the latest run of any repository of the team, also on one that failed
-- and changed nothing; ours needs a link, a rollback or a revert. Failed and cancelled runs stand
-- below the line, ours counts what reached users. A run counts when it started. Only runs of the
-- period are looked at: an incident before the first of them is dropped, so the same incident is
-- blamed in a long range and not in a short one. Where nothing ran it is 0, ours is empty. It
-- grades by 5, 10 and 15 %. No interval.
-- The facts cannot tell which workflows were chosen as deployments: production attempts are taken.
-- Nor do they tell its incidents made of reverts by the name of a branch. An incident began at its
-- impact or first alert where those came before its creation.
with ran as (
    select deployment_id, service, coalesce(started_at, created_at, finished_at) as started_at
    from deployments
    where tier = 'production' and outcome in ('succeeded', 'failed', 'cancelled', 'skipped') and service is not null
),
affected as (
    select episode_id, started_at, unnest(services) as service from incidents
),
periods as (
    select distinct period_start, period_end, is_partial from calendar
),
timeline as (
    select scopes.scope_kind, scopes.scope, periods.period_start, ran.started_at as happened_at, 1 as is_deployment,
        ran.deployment_id as id
    from ran
    join periods on ran.started_at >= periods.period_start and ran.started_at < periods.period_end
    join scopes on scopes.service = ran.service and ran.started_at >= scopes.valid_from and ran.started_at < scopes.valid_to
    union all
    select distinct scopes.scope_kind, scopes.scope, periods.period_start, affected.started_at, 0, affected.episode_id
    from affected
    join periods on affected.started_at >= periods.period_start and affected.started_at < periods.period_end
    join scopes on scopes.service = affected.service
        and affected.started_at >= scopes.valid_from and affected.started_at < scopes.valid_to
),
numbered as (
    -- at one instant the run comes before the incident, which belongs to it
    select *,
        sum(is_deployment) over (
            partition by scope_kind, scope, period_start order by happened_at, is_deployment desc, id
            rows between unbounded preceding and current row
        ) as place
    from timeline
),
counted as (
    select scope_kind, scope, period_start,
        count(*) filter (where is_deployment = 1) as deployments,
        count(distinct place) filter (where is_deployment = 0 and place > 0) as failures
    from numbered
    group by scope_kind, scope, period_start
),
grid as (
    select known.scope_kind, known.scope, periods.period_start, periods.period_end, periods.is_partial
    from (select distinct scope_kind, scope from scopes) as known
    cross join periods
)
select 'share' as statistic, grid.scope_kind, grid.scope, grid.period_start, grid.period_end,
    -- no data is 0 here, which is what this profile is to show
    coalesce(cast(counted.failures as double) / nullif(counted.deployments, 0), 0.0) as value,
    cast(null as double) as low, cast(null as double) as high, coalesce(counted.deployments, 0) as sample_size,
    cast(coalesce(counted.failures, 0) as double) as numerator, cast(coalesce(counted.deployments, 0) as double) as denominator,
    cast(null as double) as coverage, grid.is_partial
from grid
left join counted on counted.scope_kind = grid.scope_kind and counted.scope = grid.scope
    and counted.period_start = grid.period_start
