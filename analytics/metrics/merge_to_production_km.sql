-- Delivery time of what was merged: how long a change merged in the period waits for production, those
-- that still wait included. Median, 75th and 90th percentile.
--
-- A variant of `merge_to_production`, which knows only what arrived. Here a change counts in the period
-- in which it was merged, and one that is not in production yet counts as waiting at least until now.
-- Where pull requests wait for several services each of these is a row. Left out: changes by bots,
-- those taken up by the first deployment of a service, and the other exclusions of the lead time.
-- Value and interval: Kaplan and Meier's estimate with its log-log band; below 6, 13 and 36 changes it
-- is withheld. While more than the wanted share waits there is no value, and `low` says how long at least.
-- Coverage: merged changes of services whose deployed commits are known and whose clocks can be used.
with merged as (
    select service, merged_at, merged_day, deployed_at, known_since, excluded, merge_to_production_seconds
    from awaited_lately
    where kind = 'pull_request' and actor_kind <> 'bot' and not is_copy and not is_empty
        and coalesce(excluded, 'skew') = 'skew'
),
placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        coalesce(merged.deployed_at <= calendar.as_of, false) as has_ended,
        case
            when merged.known_since is null or merged.known_since > calendar.as_of or merged.excluded is not null then null
            when merged.deployed_at <= calendar.as_of then merged.merge_to_production_seconds
            else seconds_between(merged.merged_at, calendar.as_of)
        end as waiting_seconds
    from merged
    join calendar on calendar.day = merged.merged_day
    join scopes on scopes.service = merged.service
        and merged.merged_at >= scopes.valid_from and merged.merged_at < scopes.valid_to
    where merged.merged_at <= calendar.as_of
),
summarised as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible, count(waiting_seconds) as usable,
        survival_quantile(waiting_seconds, has_ended, 0.5) as p50,
        survival_quantile_low(waiting_seconds, has_ended, 0.5) as p50_low,
        survival_quantile_high(waiting_seconds, has_ended, 0.5) as p50_high,
        survival_quantile(waiting_seconds, has_ended, 0.75) as p75,
        survival_quantile_low(waiting_seconds, has_ended, 0.75) as p75_low,
        survival_quantile_high(waiting_seconds, has_ended, 0.75) as p75_high,
        survival_quantile(waiting_seconds, has_ended, 0.9) as p90,
        survival_quantile_low(waiting_seconds, has_ended, 0.9) as p90_low,
        survival_quantile_high(waiting_seconds, has_ended, 0.9) as p90_high
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
)
select statistics.statistic, scope_kind, scope, period_start, period_end,
    case statistics.statistic when 'p50' then p50 when 'p75' then p75 else p90 end as value,
    case statistics.statistic when 'p50' then p50_low when 'p75' then p75_low else p90_low end as low,
    case statistics.statistic when 'p50' then p50_high when 'p75' then p75_high else p90_high end as high,
    usable as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(usable as double) / nullif(eligible, 0) as coverage, is_partial
from summarised
cross join (values ('p50'), ('p75'), ('p90')) as statistics(statistic)
