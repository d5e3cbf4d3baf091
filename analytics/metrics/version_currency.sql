-- Version currency: of the services that use a component in a known version, the share on a supported one.
--
-- Supported: released, and neither deprecated nor at its end of life before the level is read; what is only
-- released later is known and not supported.
-- `end_of_life` is the share whose version is at its end of life: these must move. A version that no
-- release describes is not known and lowers the coverage. A census, bounds by unknown versions.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as users,
        count(version_released_at) as known,
        count(*) filter (
            where version_released_at < read_at
                and coalesce(version_deprecated_at >= read_at, true) and coalesce(version_end_of_life_at >= read_at, true)
        ) as supported,
        count(*) filter (where version_end_of_life_at < read_at) as ended
    from standings
    where edge = 'end' and fit = 'fits' and status = 'adopted'
    group by scope_kind, scope, period_start, period_end, is_partial
),
told as (
    select statistics.statistic, case statistics.statistic when 'supported' then supported else ended end as part,
        users, known, scope_kind, scope, period_start, period_end, is_partial
    from counted
    cross join (values ('supported'), ('end_of_life')) as statistics(statistic)
)
select statistic, scope_kind, scope, period_start, period_end,
    cast(part as double) / nullif(known, 0) as value,
    case when known > 0 then cast(part as double) / users end as low,
    case when known > 0 then cast(part + users - known as double) / users end as high,
    known as sample_size, cast(part as double) as numerator, cast(known as double) as denominator,
    cast(known as double) / users as coverage, is_partial
from told
