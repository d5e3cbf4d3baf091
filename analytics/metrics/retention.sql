-- Retention: of the services that used a component when the period began, the share that uses it still.
--
-- Services that fell asleep, were archived or are no longer eligible by its end are gone, and stand
-- in no part of it. `churn` is the share that left: off the path after at least 28 days of use. The
-- remainder is partial or unknown. `resurrection`: of those that had left before the period, the
-- share that uses it again. A census: bounds count unknown statuses for and against.
with movements as (
    select before.scope_kind, before.scope, before.service, before.period_start, before.period_end, before.is_partial,
        before.status = 'adopted' as was_adopted, before.is_left as had_left,
        after.status = 'adopted' as is_adopted, after.is_left as has_left, after.status = 'unknown' as is_unknown
    from (select * from standings where edge = 'start' and fit = 'fits') as before
    join (select * from standings where edge = 'end' and fit = 'fits') as after
        on after.scope_kind = before.scope_kind and after.scope = before.scope and after.service = before.service
        and after.component_id = before.component_id and after.period_start = before.period_start
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) filter (where was_adopted) as users,
        count(*) filter (where was_adopted and is_adopted) as retained,
        count(*) filter (where was_adopted and has_left) as left_since,
        count(*) filter (where was_adopted and is_unknown) as unknown_users,
        count(*) filter (where had_left) as leavers,
        count(*) filter (where had_left and is_adopted) as returned,
        count(*) filter (where had_left and is_unknown) as unknown_leavers
    from movements
    group by scope_kind, scope, period_start, period_end, is_partial
),
told as (
    select statistics.statistic,
        case statistics.statistic when 'retention' then retained when 'churn' then left_since else returned end as part,
        case statistics.statistic when 'resurrection' then leavers else users end as whole,
        case statistics.statistic when 'resurrection' then unknown_leavers else unknown_users end as unknown,
        scope_kind, scope, period_start, period_end, is_partial
    from counted
    cross join (values ('retention'), ('churn'), ('resurrection')) as statistics(statistic)
)
select statistic, scope_kind, scope, period_start, period_end,
    cast(part as double) / nullif(whole, 0) as value,
    cast(part as double) / nullif(whole, 0) as low,
    cast(part + unknown as double) / nullif(whole, 0) as high,
    whole as sample_size, cast(part as double) as numerator, cast(whole as double) as denominator,
    cast(whole - unknown as double) / nullif(whole, 0) as coverage, is_partial
from told
