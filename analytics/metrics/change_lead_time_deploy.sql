-- Lead time, deployment: from the start of the deployment to its end. Median.
--
-- How long the rollout itself takes; an approval inside the deploy job is part of it.
-- The stages of one change sum to its lead time, but the medians of stages do not add up to the median
-- lead time. The same changes count as there, in the period in which they reached production; a stage
-- with a missing or disordered end is null, never zero.
-- Interval: exact order statistics; below 6 changes the median is withheld.
-- Coverage: changes of which both ends of the stage are known, of those with a lead time.
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    quantile(deploy_seconds, 0.5) as value, quantile_low(deploy_seconds, 0.5) as low,
    quantile_high(deploy_seconds, 0.5) as high,
    count(deploy_seconds) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(count(deploy_seconds) as double) / nullif(count(*), 0) as coverage, is_partial
from placed_changes
where excluded is null and lead_time_seconds is not null
group by scope_kind, scope, period_start, period_end, is_partial
