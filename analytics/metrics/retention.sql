-- Retention: of the services that used a component when the period began, the share that uses it still.
--
-- Services that fell asleep, were archived or are no longer eligible by its end are gone, and stand
-- in no part of it; of a team those are looked at that it had when the period began. `churn` is the share that left: off the path after at least 28 days of use. The
-- remainder is partial, exempt or unknown, or off the path after less use than that; who left and came back within the
-- period uses it at both ends and is in no churn. `resurrection`: of those that had left before the period, the
-- share that uses it again. A census: bounds count unknown statuses for and against.
with movements as (
    select scope_kind, scope, period_start, period_end, is_partial, services,
        status_before = 'adopted' as was_adopted, is_left_before as had_left,
        status = 'adopted' as is_adopted, is_left as has_left, status = 'unknown' as is_unknown
    from standing_moves
    where fit_before = 'fits' and fit = 'fits'
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        coalesce(sum(services) filter (where was_adopted), 0) as users,
        coalesce(sum(services) filter (where was_adopted and is_adopted), 0) as retained,
        coalesce(sum(services) filter (where was_adopted and has_left), 0) as left_since,
        coalesce(sum(services) filter (where was_adopted and is_unknown), 0) as unknown_users,
        coalesce(sum(services) filter (where had_left), 0) as leavers,
        coalesce(sum(services) filter (where had_left and is_adopted), 0) as returned,
        coalesce(sum(services) filter (where had_left and is_unknown), 0) as unknown_leavers
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
