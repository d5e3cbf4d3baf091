-- New-service default rate: of the services born in a period, the share that began with a component.
--
-- Began with it: used it seven days after birth, which only what comes with the template or the
-- scaffold does. Eligible services only; a birth of the last seven days is still maturing. Births of
-- unknown status are left out and lower the coverage. Wilson limits: the births are few.
with periods as (
    select period_start, period_end, is_partial, as_of from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
),
counted as (
    select births.scope_kind, births.scope, periods.period_start, periods.period_end,
        periods.is_partial or bool_or(births.settled_at > periods.as_of) as is_partial,
        count(*) filter (where births.settled_at <= periods.as_of) as born,
        count(*) filter (where births.settled_at <= periods.as_of and births.status <> 'unknown') as known,
        count(*) filter (where births.settled_at <= periods.as_of and births.status = 'adopted') as began
    from periods
    join births on births.born_at >= periods.period_start and births.born_at < periods.period_end
    group by births.scope_kind, births.scope, periods.period_start, periods.period_end, periods.is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(began as double) / nullif(known, 0) as value,
    wilson_low(began, known) as low, wilson_high(began, known) as high,
    known as sample_size, cast(began as double) as numerator, cast(known as double) as denominator,
    cast(known as double) / nullif(born, 0) as coverage, is_partial
from counted
