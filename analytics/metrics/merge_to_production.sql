-- Delivery time, from merge to production: how long merged work waits until users have it. Median,
-- 75th and 90th percentile.
--
-- It is the part of the change lead time that a platform can move. A change counts in the period in
-- which it reached production; the same changes are left out as there, and commits that no pull
-- request merged have no merge to start from. What was deployed before it was merged is not counted
-- and lowers the coverage, never a zero.
-- Interval: exact order statistics; below 6, 13 and 36 changes the percentile is withheld.
-- Coverage: merged changes with a usable clock, times the share of deployments whose commits are known.
-- It can be gamed by merging late; read it beside the change lead time, always.
select statistic, scope_kind, scope, period_start, period_end, value, low, high, sample_size, numerator, denominator,
    coverage, is_partial
from lead_time_variants
where variant = 'from_merge'
