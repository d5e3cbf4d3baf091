-- Chose instead: of the eligible services off the path, the share that uses another tool that we know.
--
-- Off the path without an exemption, read at the end of the period; who uses both is not off it. By `component_alternative` the
-- share of each tool; by component the share of all of them, and the rest uses nothing that was
-- detected. What many choose instead says what the component lacks.
with scoped as (
    select scope_kind, scope, alternative, period_start, period_end, is_partial, services
    from standing_counts
    where fit = 'fits' and status = 'off_path'
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, sum(services) as services,
        coalesce(sum(services) filter (where alternative is not null), 0) as chosen
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
),
by_tool as (
    select scope, alternative, period_start, period_end, is_partial, sum(services) as chosen
    from scoped
    where scope_kind = 'component' and alternative is not null
    group by scope, alternative, period_start, period_end, is_partial
),
told as (
    select scope_kind, scope, period_start, period_end, is_partial, chosen, services from counted
    union all
    select 'component_alternative', by_tool.scope || '/' || by_tool.alternative, by_tool.period_start, by_tool.period_end,
        by_tool.is_partial, by_tool.chosen, counted.services
    from by_tool
    join counted on counted.scope_kind = 'component' and counted.scope = by_tool.scope
        and counted.period_start = by_tool.period_start
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(chosen as double) / services as value, cast(chosen as double) / services as low, cast(chosen as double) / services as high,
    services as sample_size, cast(chosen as double) as numerator, cast(services as double) as denominator,
    1.0 as coverage, is_partial
from told
