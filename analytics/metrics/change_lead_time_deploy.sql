-- Lead time, deployment: from the start of the deployment to its end. Median.
--
-- How long the rollout itself takes; an approval inside the deploy job is part of it.
-- The stages of one change sum to its lead time, but the medians of stages do not add up to the median
-- lead time. The same changes count as there, in the period in which they reached production; a stage
-- with a missing or disordered end is null, never zero.
-- Interval: exact order statistics; below 6 changes the median is withheld.
-- Coverage: changes of which both ends of the stage are known, of those with a lead time.
with delivered as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        delivered_changes.deploy_seconds as stage_seconds
    from delivered_changes
    join calendar on calendar.day = delivered_changes.day
    join scopes on scopes.service = delivered_changes.service
        and delivered_changes.deployed_at >= scopes.valid_from and delivered_changes.deployed_at < scopes.valid_to
    where delivered_changes.excluded is null and delivered_changes.lead_time_seconds is not null
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    quantile(stage_seconds, 0.5) as value, quantile_low(stage_seconds, 0.5) as low, quantile_high(stage_seconds, 0.5) as high,
    count(stage_seconds) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(count(stage_seconds) as double) / nullif(count(*), 0) as coverage, is_partial
from delivered
group by scope_kind, scope, period_start, period_end, is_partial
