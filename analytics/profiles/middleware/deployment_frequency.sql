-- Middleware's deployment frequency: successful deployments by the days, weeks from Monday and
-- months that the period touches, each rounded down.
--
-- Rounding down makes 13 deployments in two weeks 6 a week; a weekly number is at least seven times
-- the daily one, a monthly one at least thirty times. A deployment counts when its run started, ours
-- when it had finished. Redeployments count. The number belongs to the whole scope and is not
-- divided by its services. Where nothing is known it is 0, ours is empty. No interval.
-- The facts cannot tell which workflows were chosen as deployments, nor whether a repository is set
-- to count merged pull requests instead: production deployments are taken, by any repository.
with grid as (
    select known.scope_kind, known.scope, periods.period_start, periods.period_end, periods.is_partial,
        periods.days, periods.weeks, periods.months
    from (select distinct scope_kind, scope from scopes) as known
    cross join (
        select period_start, period_end, is_partial, count(*) as days,
            -- 1970-01-05 was a Monday: four days after the day 0 of a date
            count(distinct (cast(day as int) + 3) / 7) as weeks,
            count(distinct date_part('year', day) * 12 + date_part('month', day)) as months
        from calendar
        group by period_start, period_end, is_partial
    ) as periods
),
started as (
    select service, coalesce(started_at, created_at, finished_at) as started_at
    from deployments
    where tier = 'production' and outcome = 'succeeded'
),
counted as (
    select scopes.scope_kind, scopes.scope, periods.period_start, count(*) as deployments
    from started
    join (select distinct period_start, period_end from calendar) as periods
        on started.started_at >= periods.period_start and started.started_at < periods.period_end
    join scopes on scopes.service = started.service
        and started.started_at >= scopes.valid_from and started.started_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, periods.period_start
),
rounded as (
    select grid.scope_kind, grid.scope, grid.period_start, grid.period_end, grid.is_partial,
        coalesce(counted.deployments, 0) as deployments,
        floor(coalesce(counted.deployments, 0) / cast(nullif(grid.days, 0) as double)) as daily,
        floor(coalesce(counted.deployments, 0) / cast(nullif(grid.weeks, 0) as double)) as weekly,
        floor(coalesce(counted.deployments, 0) / cast(nullif(grid.months, 0) as double)) as monthly
    from grid
    left join counted on counted.scope_kind = grid.scope_kind and counted.scope = grid.scope
        and counted.period_start = grid.period_start
)
select 'per_week' as statistic, scope_kind, scope, period_start, period_end,
    greatest(weekly, 7.0 * daily) as value, cast(null as double) as low, cast(null as double) as high,
    deployments as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from rounded
union all
select 'per_day', scope_kind, scope, period_start, period_end, daily, cast(null as double), cast(null as double),
    deployments, cast(null as double), cast(null as double), cast(null as double), is_partial
from rounded
union all
select 'per_month', scope_kind, scope, period_start, period_end, greatest(monthly, 30.0 * daily), cast(null as double),
    cast(null as double), deployments, cast(null as double), cast(null as double), cast(null as double), is_partial
from rounded
