-- Change lead time until users had it: from a change's first commit until the first user could meet it
-- in production. Median, 75th and 90th percentile.
--
-- A variant of `change_lead_time`, never the headline: there the clock ends when the deployment was
-- complete. Where traffic moves step by step the first users have a change before that; where it waits
-- for traffic they have it later. Switching a feature on comes after both and is not measured.
-- Deployments whose source does not say when users were exposed have no value, which the coverage shows.
-- Interval: exact order statistics; below 6, 13 and 36 changes the percentile is withheld.
-- Coverage: changes of which the exposure is known, times the share of deployments whose commits are known.
select statistic, scope_kind, scope, period_start, period_end, value, low, high, sample_size, numerator, denominator,
    coverage, is_partial
from lead_time_variants
where variant = 'exposed'
