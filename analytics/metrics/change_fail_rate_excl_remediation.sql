-- Change fail rate without repairs: of the production deployments that were planned, the share that needed
-- immediate intervention.
--
-- A variant of `change_fail_rate`, never the headline: deployments that were made to repair something
-- (rollbacks, reverts, hotfixes, declared remedies) are left out of both sides. They are many where much
-- fails and rarely fail themselves, so with them in the denominator a rate looks better the more often
-- it is repaired. A repair that failed is not counted here; `change_fail_rate` counts it.
-- Everything else is as there: failed deployments and not incidents, in the period in which they
-- finished, mature ones only. Interval: Wilson. It can be gamed by calling a plan a repair.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible,
        count(*) filter (where matured) as denominator,
        count(*) filter (where matured and failed) as numerator
    from judged_deployments
    where not is_rework
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(numerator as double) / nullif(denominator, 0) as value,
    wilson_low(numerator, denominator) as low, wilson_high(numerator, denominator) as high,
    denominator as sample_size, cast(numerator as double) as numerator, cast(denominator as double) as denominator,
    cast(denominator as double) / nullif(eligible, 0) as coverage,
    is_partial or denominator < eligible as is_partial
from counted
