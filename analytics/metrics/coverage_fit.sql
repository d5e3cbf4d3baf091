-- Coverage: the share of the active services that a component is made for.
--
-- Read at the end of the period, or now for one that is not over, as soon as a day of it is. A census: `low` counts
-- services whose fit is not known as not fitting, `high` counts them as fitting.
-- It is no achievement by itself: a component for few services may be right. Read it beside the
-- adoption rate and reach.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        sum(services) as active,
        coalesce(sum(services) filter (where fit = 'fits'), 0) as eligible,
        coalesce(sum(services) filter (where fit = 'unknown'), 0) as fit_unknown
    from standing_counts
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(eligible as double) / nullif(active, 0) as value,
    cast(eligible as double) / nullif(active, 0) as low,
    cast(eligible + fit_unknown as double) / nullif(active, 0) as high,
    active as sample_size, cast(eligible as double) as numerator, cast(active as double) as denominator,
    cast(active - fit_unknown as double) / nullif(active, 0) as coverage, is_partial
from counted
