-- Reach: the share of all active services that use a component; adoption rate times coverage.
--
-- Read at the end of the period, or now for one that is not over, as soon as a day of it is. A census: `low` counts
-- everything unknown as not using it, `high` counts it as using it.
-- Read it beside the adoption rate and coverage, which say whether fit or uptake limits it.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        sum(services) as active,
        coalesce(sum(services) filter (where fit = 'fits' and status = 'adopted'), 0) as adopted,
        coalesce(sum(services) filter (where fit = 'unknown' or (fit = 'fits' and status = 'unknown')), 0) as unknown
    from standing_counts
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(adopted as double) / nullif(active, 0) as value,
    cast(adopted as double) / nullif(active, 0) as low,
    cast(adopted + unknown as double) / nullif(active, 0) as high,
    active as sample_size, cast(adopted as double) as numerator, cast(active as double) as denominator,
    cast(active - unknown as double) / nullif(active, 0) as coverage, is_partial
from counted
