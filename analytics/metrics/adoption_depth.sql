-- Adoption depth: how much of what the platform makes for a service the service uses.
--
-- For each active service: components it uses by components it is eligible for, exempt ones among
-- them; then the mean and the quartiles over the services of the scope, read at the end of the
-- period. All services are there, so quartiles need no minimum. A census: `low` counts unknown
-- statuses as not used, `high` as used. More is not better without end: a component that does not
-- help should not be used, so read it beside satisfaction.
with services as (
    select service, period_start, period_end, is_partial, read_at,
        count(*) as eligible,
        count(*) filter (where status = 'adopted') as adopted,
        count(*) filter (where status = 'unknown') as unknown
    from standings
    where edge = 'end' and scope_kind = 'component' and fit = 'fits'
    group by service, period_start, period_end, is_partial, read_at
),
scoped as (
    select scopes.scope_kind, scopes.scope, services.period_start, services.period_end, services.is_partial,
        services.eligible, services.adopted, services.unknown,
        cast(services.adopted as double) / services.eligible as depth,
        cast(services.adopted + services.unknown as double) / services.eligible as depth_at_most
    from services
    join scopes on scopes.service = services.service
        and scopes.valid_from < services.read_at and scopes.valid_to >= services.read_at
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as services,
        -- decimals, because a sum of floating numbers depends on the order in which they come
        cast(sum(cast(depth as decimal(38, 18))) as double) / count(*) as mean,
        cast(sum(cast(depth_at_most as decimal(38, 18))) as double) / count(*) as mean_at_most,
        percentile_cont(0.25) within group (order by depth) as p25,
        percentile_cont(0.5) within group (order by depth) as p50,
        percentile_cont(0.75) within group (order by depth) as p75,
        percentile_cont(0.25) within group (order by depth_at_most) as p25_at_most,
        percentile_cont(0.5) within group (order by depth_at_most) as p50_at_most,
        percentile_cont(0.75) within group (order by depth_at_most) as p75_at_most,
        cast(sum(eligible - unknown) as double) / sum(eligible) as coverage
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
),
told as (
    select statistics.statistic,
        case statistics.statistic when 'mean' then mean when 'p25' then p25 when 'p50' then p50 else p75 end as depth,
        case statistics.statistic when 'mean' then mean_at_most when 'p25' then p25_at_most when 'p50' then p50_at_most
            else p75_at_most end as depth_at_most,
        services, coverage, scope_kind, scope, period_start, period_end, is_partial
    from counted
    cross join (values ('mean'), ('p25'), ('p50'), ('p75')) as statistics(statistic)
)
select statistic, scope_kind, scope, period_start, period_end,
    depth as value, depth as low, depth_at_most as high,
    services as sample_size, cast(null as double) as numerator, cast(null as double) as denominator, coverage, is_partial
from told
