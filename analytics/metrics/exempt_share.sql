-- Exempt share: of the eligible services, the share that may stay off the path for a time.
--
-- Read at the end of the period; a census, with bounds by unknown statuses. An exempt service that
-- uses the component all the same counts as a user. A reason that is given again and again is a
-- candidate for the paved path: `waymark adoption COMPONENT` lists them.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial, sum(services) as eligible,
        coalesce(sum(services) filter (where status = 'exempt'), 0) as exempt,
        coalesce(sum(services) filter (where status = 'unknown'), 0) as unknown
    from standing_counts
    where fit = 'fits'
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(exempt as double) / eligible as value,
    cast(exempt as double) / eligible as low,
    cast(exempt + unknown as double) / eligible as high,
    eligible as sample_size, cast(exempt as double) as numerator, cast(eligible as double) as denominator,
    cast(eligible - unknown as double) / eligible as coverage, is_partial
from counted
