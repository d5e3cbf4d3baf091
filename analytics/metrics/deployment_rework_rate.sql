-- Deployment rework rate: of the production deployments that changed the running version, the share
-- that was not planned but made to repair something.
--
-- Rollbacks, reverts, hotfixes, and what its source calls a remedy of an incident or of a bug that
-- users saw. Each deployment counts once, whatever it repaired, in the period in which it finished.
-- As for the change fail rate only mature deployments count, repairing or not, and `coverage` says how
-- many that leaves out. It is usually at least as large as the change fail rate: show both together.
-- Interval: Wilson. It can be gamed by calling a repair planned.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible,
        count(*) filter (where matured) as denominator,
        count(*) filter (where matured and is_rework) as numerator
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
