-- Change lead time from the pull request: from opening a pull request to the production deployment that
-- first contains it. Median, 75th and 90th percentile.
--
-- A variant of `change_lead_time`, never the headline: it leaves out the time before somebody offered
-- the work, which nobody but its author knows. Commits that no pull request merged were never opened
-- and are not eligible. The same changes are left out as there, in the same periods.
-- Interval: exact order statistics; below 6, 13 and 36 changes the percentile is withheld.
-- Coverage: pull requests with a usable clock, times the share of deployments whose commits are known.
-- It can be gamed by opening late; read it beside the change lead time.
select statistic, scope_kind, scope, period_start, period_end, value, low, high, sample_size, numerator, denominator,
    coverage, is_partial
from lead_time_variants
where variant = 'from_opened'
