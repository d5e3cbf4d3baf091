-- Adoption velocity: the share of the services that adopt a component within ninety days of being able to.
--
-- Over the services whose ninety days are over at the end of the period; one that fell asleep or
-- stopped fitting before that lowers the coverage. Wilson limits.
with waited as (
    select scope_kind, scope, period_start, period_end, is_partial,
        -- ninety days
        is_adopted and waited_seconds <= 7776000.0 as is_quick,
        (is_adopted and waited_seconds <= 7776000.0) or waited_seconds >= 7776000.0 as is_known
    from adopting
    where seconds_between(starts_at, read_at) >= 7776000.0
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as services,
        count(*) filter (where is_known) as known, count(*) filter (where is_quick) as quick
    from waited
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(quick as double) / nullif(known, 0) as value,
    wilson_low(quick, known) as low, wilson_high(quick, known) as high,
    known as sample_size, cast(quick as double) as numerator, cast(known as double) as denominator,
    cast(known as double) / services as coverage, is_partial
from counted
