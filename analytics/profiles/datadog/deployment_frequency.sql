-- Datadog's deployment frequency: successful production deployments per week of the period.
--
-- Redeployments of what already runs count, ours leave them out. The number belongs to the whole
-- scope and is not divided by its services, so a team with twice the services looks twice as fast;
-- days on which a service was idle stay in the denominator. No interval.
-- The facts cannot tell which services report their deployments to it: all of them count here.
with periods as (
    select period_start, period_end, is_partial, count(*) as days from calendar group by period_start, period_end, is_partial
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
select 'per_week' as statistic, shipped.scope_kind, shipped.scope, periods.period_start, periods.period_end,
    7.0 * shipped.deployments / nullif(periods.days, 0) as value,
    cast(null as double) as low, cast(null as double) as high, shipped.deployments as sample_size,
    cast(shipped.deployments as double) as numerator, periods.days / 7.0 as denominator,
    cast(null as double) as coverage, periods.is_partial
from shipped
join periods on periods.period_start = shipped.period_start
