-- GitLab's deployment frequency: successful production deployments per day of the period.
--
-- Redeployments of what already runs count, ours leave them out. The number belongs to the whole
-- scope and is not divided by its services. A period without any deployment is 0, whether or not
-- the source was heard; ours is empty where nothing is known. No interval. It calls 30 a month or
-- more high and less than one a month low.
-- The facts tell the day in the organisation's zone, where it takes UTC.
with grid as (
    select known.scope_kind, known.scope, periods.period_start, periods.period_end, periods.is_partial, periods.days
    from (select distinct scope_kind, scope from scopes) as known
    cross join (
        select period_start, period_end, is_partial, count(*) as days from calendar group by period_start, period_end, is_partial
    ) as periods
),
shipped as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, count(*) as deployments
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.outcome = 'succeeded'
    group by scopes.scope_kind, scopes.scope, calendar.period_start
)
select 'per_day' as statistic, grid.scope_kind, grid.scope, grid.period_start, grid.period_end,
    cast(coalesce(shipped.deployments, 0) as double) / nullif(grid.days, 0) as value,
    cast(null as double) as low, cast(null as double) as high, coalesce(shipped.deployments, 0) as sample_size,
    cast(coalesce(shipped.deployments, 0) as double) as numerator, cast(grid.days as double) as denominator,
    cast(null as double) as coverage, grid.is_partial
from grid
left join shipped on shipped.scope_kind = grid.scope_kind and shipped.scope = grid.scope
    and shipped.period_start = grid.period_start
