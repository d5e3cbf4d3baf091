-- One row per variant of the lead time, statistic, scope and period: the same changes by another clock.
--
-- Median, 75th and 90th percentile with exact order statistics; below 6, 13 and 36 rows they are
-- withheld. A row counts in the period in which its change reached production. The coverage is the
-- share of rows whose clock is known, times the share of deployments whose commits are known.
with eligible as (
    -- what the lead time leaves out is left out here, but for bots, which one variant counts
    select * from placed_changes where coalesce(excluded, 'skew') in ('skew', 'bot')
),
headline as (
    select * from eligible where coalesce(excluded, 'skew') = 'skew'
),
written as (
    -- one row per original commit
    select scope_kind, scope, period_start, period_end, is_partial, excluded, deployed_at, unnest(commit_times) as written_at
    from headline
    where commit_times is not null
),
clocks as (
    select 'with_bots' as variant, scope_kind, scope, period_start, period_end, is_partial,
        case when excluded is distinct from 'skew' then lead_time_seconds end as seconds
    from eligible
    union all
    select 'commit', scope_kind, scope, period_start, period_end, is_partial,
        case
            when excluded is not null then null
            when written_at <= deployed_at then seconds_between(written_at, deployed_at)
            when seconds_between(deployed_at, written_at) <= settings.skew_tolerance_seconds then 0.0
        end
    from written
    cross join settings
    union all
    -- a change of which no commit is known is one row without a time
    select 'commit', scope_kind, scope, period_start, period_end, is_partial, cast(null as double)
    from headline
    where commit_times is null
    union all
    -- what no pull request merged was never opened
    select 'from_opened', scope_kind, scope, period_start, period_end, is_partial,
        case when excluded is null then from_opened_seconds end
    from headline
    where kind = 'pull_request'
    union all
    select 'from_merge', scope_kind, scope, period_start, period_end, is_partial,
        case when excluded is null then merge_to_production_seconds end
    from headline
    where kind = 'pull_request'
    union all
    select 'effective', scope_kind, scope, period_start, period_end, is_partial,
        case when excluded is null then effective_seconds end
    from headline
    union all
    select 'exposed', scope_kind, scope, period_start, period_end, is_partial,
        case when excluded is null then exposed_seconds end
    from headline
    union all
    select 'last_region', scope_kind, scope, period_start, period_end, is_partial,
        case when excluded is null then last_region_seconds end
    from headline
    union all
    select 'business_time', scope_kind, scope, period_start, period_end, is_partial,
        case when excluded is null then business_seconds end
    from headline
),
summarised as (
    select variant, scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible, count(seconds) as usable,
        quantile(seconds, 0.5) as p50, quantile_low(seconds, 0.5) as p50_low, quantile_high(seconds, 0.5) as p50_high,
        quantile(seconds, 0.75) as p75, quantile_low(seconds, 0.75) as p75_low, quantile_high(seconds, 0.75) as p75_high,
        quantile(seconds, 0.9) as p90, quantile_low(seconds, 0.9) as p90_low, quantile_high(seconds, 0.9) as p90_high
    from clocks
    group by variant, scope_kind, scope, period_start, period_end, is_partial
)
select summarised.variant, statistics.statistic, summarised.scope_kind, summarised.scope,
    summarised.period_start, summarised.period_end,
    case statistics.statistic when 'p50' then p50 when 'p75' then p75 else p90 end as value,
    case statistics.statistic when 'p50' then p50_low when 'p75' then p75_low else p90_low end as low,
    case statistics.statistic when 'p50' then p50_high when 'p75' then p75_high else p90_high end as high,
    summarised.usable as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator,
    cast(summarised.usable as double) / nullif(summarised.eligible, 0)
        * coalesce(cast(known_commits.with_commits as double) / nullif(known_commits.deployments, 0), 1.0) as coverage,
    summarised.is_partial
from summarised
left join known_commits on known_commits.scope_kind = summarised.scope_kind and known_commits.scope = summarised.scope
    and known_commits.period_start = summarised.period_start
cross join (values ('p50'), ('p75'), ('p90')) as statistics(statistic)
