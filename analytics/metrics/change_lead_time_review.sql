-- Lead time, review: from the first review to the merge. Median.
--
-- It holds the talking and the reworking, and the waiting for whoever merges.
-- The stages of one change sum to its lead time, but the medians of stages do not add up to the median
-- lead time. The same changes count as there, in the period in which they reached production; a stage
-- with a missing or disordered end is null, never zero.
-- Interval: exact order statistics; below 6 changes the median is withheld.
-- Coverage: changes of which both ends of the stage are known, of those with a lead time.
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    quantile(review_seconds, 0.5) as value, quantile_low(review_seconds, 0.5) as low,
    quantile_high(review_seconds, 0.5) as high,
    count(review_seconds) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(count(review_seconds) as double) / nullif(count(*), 0) as coverage, is_partial
from placed_changes
where excluded is null and lead_time_seconds is not null
group by scope_kind, scope, period_start, period_end, is_partial
