-- Change lead time with bots: the lead time of all changes, those that bots made included. Median, 75th
-- and 90th percentile.
--
-- A variant of `change_lead_time`, never the headline: bots merge small changes at once, so a service
-- whose dependencies are kept up to date by one looks fast. Both sample sizes side by side say how much
-- of the work is theirs. Everything else is as there.
-- Interval: exact order statistics; below 6, 13 and 36 changes the percentile is withheld.
-- Coverage: changes with a usable clock, times the share of deployments whose commits are known.
select statistic, scope_kind, scope, period_start, period_end, value, low, high, sample_size, numerator, denominator,
    coverage, is_partial
from lead_time_variants
where variant = 'with_bots'
