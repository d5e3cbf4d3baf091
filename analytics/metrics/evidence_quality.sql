-- Evidence quality: of the eligible services, the share of which the status is known.
--
-- Read at the end of the period. `conflicts` is the share whose evidence contradicts itself: declared
-- against detected, old and new at once, or use against the fit rule. Everything else that is said
-- about adoption is only as good as this.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial, sum(services) as eligible,
        coalesce(sum(services) filter (where status <> 'unknown'), 0) as known,
        coalesce(sum(services) filter (where has_conflict), 0) as conflicting
    from standing_counts
    where fit = 'fits'
    group by scope_kind, scope, period_start, period_end, is_partial
),
told as (
    select statistics.statistic, case statistics.statistic when 'known' then known else conflicting end as part,
        eligible, scope_kind, scope, period_start, period_end, is_partial
    from counted
    cross join (values ('known'), ('conflicts')) as statistics(statistic)
)
select statistic, scope_kind, scope, period_start, period_end,
    cast(part as double) / eligible as value, cast(part as double) / eligible as low, cast(part as double) / eligible as high,
    eligible as sample_size, cast(part as double) as numerator, cast(eligible as double) as denominator,
    1.0 as coverage, is_partial
from told
