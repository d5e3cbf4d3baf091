-- Change lead time by commit: from each original commit to the production deployment that first contains
-- it. Median, 75th and 90th percentile.
--
-- A variant of `change_lead_time`, never the headline: there a change is one row and its clock starts
-- with its first commit, here each of its commits is a row with its own clock. Large changes weigh more,
-- and the last commits of a change are young, so the number is usually lower; other tools count so.
-- The commits are those on the branch of a pull request, not what its merge left of them, or the commit
-- that was pushed by itself. The same changes are left out as there.
-- Interval: exact order statistics; below 6, 13 and 36 commits the percentile is withheld. Commits of
-- one change resemble each other, so it is narrower than it should be.
-- Coverage: commits with a usable clock (a change whose commits are not known counts as one without),
-- times the share of deployments whose commits are known. It can be gamed by committing often and late.
select statistic, scope_kind, scope, period_start, period_end, value, low, high, sample_size, numerator, denominator,
    coverage, is_partial
from lead_time_variants
where variant = 'commit'
