-- Change lead time until it ran everywhere: from a change's first commit until the last region of its rollout had it.
-- Median, 75th and 90th percentile.
--
-- A variant of `change_lead_time`, never the headline: there the clock ends with the first region, because
-- from then on the change is in production. Regions, clusters and tenants that receive one version as
-- one rollout are one deployment; one with a single target is its own last region, so both times are equal.
-- Interval: exact order statistics; below 6, 13 and 36 changes the percentile is withheld.
-- Coverage: changes without contradicting clocks, times the share of deployments whose commits are known.
select statistic, scope_kind, scope, period_start, period_end, value, low, high, sample_size, numerator, denominator,
    coverage, is_partial
from lead_time_variants
where variant = 'last_region'
