-- Version lag: how far behind the newest version the services are that use a component, the median.
--
-- The time from the release of the version in use to that of the newest one released before the level
-- is read; zero for whoever is on the newest, or ahead of it. A version that no release describes is not known and
-- lowers the coverage. A census: the median of all known ones, without an interval.
with newest as (
    select ends.period_start, component_releases.component_id, max(component_releases.released_at) as newest_at
    from (select * from period_edges where edge = 'end') as ends
    join component_releases on component_releases.released_at < ends.read_at
    group by ends.period_start, component_releases.component_id
),
used as (
    select standings.scope_kind, standings.scope, standings.period_start, standings.period_end, standings.is_partial,
        standings.version_released_at, newest.newest_at
    from standings
    left join newest on newest.component_id = standings.component_id and newest.period_start = standings.period_start
    where standings.edge = 'end' and standings.fit = 'fits' and standings.status = 'adopted'
),
summarised as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as users, count(version_released_at) as known,
        median(case when newest_at >= version_released_at then seconds_between(version_released_at, newest_at) else 0.0 end)
            filter (where version_released_at is not null) as lag_seconds
    from used
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    lag_seconds as value, lag_seconds as low, lag_seconds as high, known as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator,
    cast(known as double) / users as coverage, is_partial
from summarised
