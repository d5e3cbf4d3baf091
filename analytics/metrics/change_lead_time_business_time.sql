-- Change lead time in working time: the working hours between a change's first commit and the production
-- deployment that first contains it. Median, 75th and 90th percentile.
--
-- A variant of `change_lead_time`, never the headline: users wait at night and on Sundays too. Counted
-- are Monday to Friday from 7 to 19 in the organisation's zone, at most 8 hours of each day, so a week
-- has 40 hours. Holidays are not known and count like other days. The same changes are left out as
-- there, in the same periods.
-- Interval: exact order statistics; below 6, 13 and 36 changes the percentile is withheld.
-- Coverage: changes with a usable clock, times the share of deployments whose commits are known.
-- It flatters whoever commits on Friday evening; read it beside the change lead time.
select statistic, scope_kind, scope, period_start, period_end, value, low, high, sample_size, numerator, denominator,
    coverage, is_partial
from lead_time_variants
where variant = 'business_time'
