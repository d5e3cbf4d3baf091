-- Change lead time: from a change's first commit to the production deployment that first contains
-- it, by ancestry and never by time windows. Median, 75th and 90th percentile.
--
-- A change counts in the period in which it reached production. Left out, in this order: the first
-- deployment of a stream (it takes the whole past), changes by bots (`change_lead_time_with_bots` has
-- them), remedies, changes taken back before they ran, empty ones, and those whose clocks contradict
-- each other. What waits still is not in it; see `undeployed_changes`.
-- Interval: exact order statistics; below 6, 13 and 36 changes the percentile is withheld.
-- Coverage: changes with a usable clock, times the share of deployments whose commits are known.
-- It can be gamed by committing late; read it beside the change fail rate.
with delivered as (
    select scope_kind, scope, period_start, period_end, is_partial,
        case when excluded is null then lead_time_seconds end as lead_time_seconds
    from placed_changes
    where coalesce(excluded, 'skew') = 'skew'
),
summarised as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible, count(lead_time_seconds) as usable,
        quantile(lead_time_seconds, 0.5) as p50, quantile_low(lead_time_seconds, 0.5) as p50_low,
        quantile_high(lead_time_seconds, 0.5) as p50_high,
        quantile(lead_time_seconds, 0.75) as p75, quantile_low(lead_time_seconds, 0.75) as p75_low,
        quantile_high(lead_time_seconds, 0.75) as p75_high,
        quantile(lead_time_seconds, 0.9) as p90, quantile_low(lead_time_seconds, 0.9) as p90_low,
        quantile_high(lead_time_seconds, 0.9) as p90_high
    from delivered
    group by scope_kind, scope, period_start, period_end, is_partial
),
covered as (
    select summarised.*,
        cast(usable as double) / nullif(eligible, 0)
            * coalesce(cast(known_commits.with_commits as double) / nullif(known_commits.deployments, 0), 1.0) as coverage
    from summarised
    left join known_commits on known_commits.scope_kind = summarised.scope_kind and known_commits.scope = summarised.scope
        and known_commits.period_start = summarised.period_start
)
select statistics.statistic, scope_kind, scope, period_start, period_end,
    case statistics.statistic when 'p50' then p50 when 'p75' then p75 else p90 end as value,
    case statistics.statistic when 'p50' then p50_low when 'p75' then p75_low else p90_low end as low,
    case statistics.statistic when 'p50' then p50_high when 'p75' then p75_high else p90_high end as high,
    usable as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    coverage, is_partial
from covered
cross join (values ('p50'), ('p75'), ('p90')) as statistics(statistic)
