-- Metrik's deployment frequency: the number of successful deployments in the period.
--
-- A number and not a rate: a longer period has a larger one, and a scope with more services too.
-- Redeployments of what already runs count, ours leave them out. No interval. It grades by more
-- than one a day, a week, a month.
-- Ranges are closed instants, not days: the period's own bounds decide here.
-- The facts cannot tell which stage of a pipeline was chosen as its target: production is taken.
select 'count' as statistic, scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end,
    cast(count(*) as double) as value, cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, calendar.is_partial
from deployments
join calendar on calendar.day = deployments.day
    and deployments.finished_at >= calendar.period_start and deployments.finished_at < calendar.period_end
join scopes on scopes.service = deployments.service
    and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
where deployments.tier = 'production' and deployments.outcome = 'succeeded'
group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
