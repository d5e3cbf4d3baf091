-- Stickiness: of the services that were born in a period with a component, the share that still uses it.
--
-- Still: ninety days after they began with it (`stickiness_window`), by what was last known then.
-- Only mature births count, so the newest quarter is always empty. A template that is left again
-- within a quarter costs more than it saves.
with periods as (
    select period_start, period_end, is_partial, as_of from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
),
counted as (
    select births.scope_kind, births.scope, periods.period_start, periods.period_end,
        periods.is_partial or bool_or(births.stays_at > periods.as_of) as is_partial,
        count(*) as began,
        count(*) filter (where births.stays_at <= periods.as_of) as mature,
        count(*) filter (where births.stays_at <= periods.as_of and births.later_status = 'adopted') as stayed
    from periods
    join births on births.born_at >= periods.period_start and births.born_at < periods.period_end
    where births.status = 'adopted'
    group by births.scope_kind, births.scope, periods.period_start, periods.period_end, periods.is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(stayed as double) / nullif(mature, 0) as value,
    wilson_low(stayed, mature) as low, wilson_high(stayed, mature) as high,
    mature as sample_size, cast(stayed as double) as numerator, cast(mature as double) as denominator,
    cast(mature as double) / began as coverage, is_partial
from counted
