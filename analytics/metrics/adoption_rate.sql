-- Adoption rate: of the active services that a component is made for, the share that uses it.
--
-- Read at the end of the period, or now for one that is not over, as soon as a day of it is. Exempt services stay in the
-- denominator. This is a census, so there is no sampling interval: `low` counts services of unknown
-- status as not using it, `high` counts them as using it. Coverage: services of known status.
-- It can be gamed by narrowing the fit rule; read it beside coverage and reach, always.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        coalesce(sum(services) filter (where fit = 'fits'), 0) as eligible,
        coalesce(sum(services) filter (where fit = 'fits' and status = 'adopted'), 0) as adopted,
        coalesce(sum(services) filter (where fit = 'fits' and status = 'unknown'), 0) as status_unknown
    from standing_counts
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(adopted as double) / nullif(eligible, 0) as value,
    cast(adopted as double) / nullif(eligible, 0) as low,
    cast(adopted + status_unknown as double) / nullif(eligible, 0) as high,
    eligible as sample_size, cast(adopted as double) as numerator, cast(eligible as double) as denominator,
    cast(eligible - status_unknown as double) / nullif(eligible, 0) as coverage, is_partial
from counted
