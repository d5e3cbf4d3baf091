-- Change fail rate: of the production deployments that changed the running version, the share that
-- needed immediate intervention.
--
-- A deployment counts in the period in which it finished, so an incident opened late never moves a
-- number into another period. Deployments not yet mature (`observation_window`) are eligible but
-- not yet counted, because their failures may not be known; `coverage` says how many that leaves
-- out. Failed deployments are counted, never incidents, so the rate cannot exceed 100 %.
-- Interval: Wilson. It can be gamed by not reporting; the evidence says what the count rests on.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible,
        count(*) filter (where matured) as denominator,
        count(*) filter (where matured and failed) as numerator
    from judged_deployments
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(numerator as double) / nullif(denominator, 0) as value,
    wilson_low(numerator, denominator) as low, wilson_high(numerator, denominator) as high,
    denominator as sample_size, cast(numerator as double) as numerator, cast(denominator as double) as denominator,
    cast(denominator as double) / nullif(eligible, 0) as coverage,
    is_partial or denominator < eligible as is_partial
from counted
