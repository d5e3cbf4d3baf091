-- Change lead time until it stayed: from a change's first commit to the first production deployment that
-- contains it and was not taken away by a rollback. Median, 75th and 90th percentile.
--
-- A variant of `change_lead_time`, never the headline: a change that was rolled back has arrived there
-- and must arrive again here. Only rollbacks inside the observation window take away; other failures
-- are counted by the change fail rate. A change counts in the period in which it first arrived, so both
-- numbers speak of the same changes; one that is still away has no value and lowers the coverage.
-- Interval: exact order statistics; below 6, 13 and 36 changes the percentile is withheld.
-- Coverage: changes that have stayed and have a usable clock, times the share of deployments whose
-- commits are known. The distance to the change lead time is what rollbacks cost.
select statistic, scope_kind, scope, period_start, period_end, value, low, high, sample_size, numerator, denominator,
    coverage, is_partial
from lead_time_variants
where variant = 'effective'
