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
with ways as (
    select service, repository, min(finished_at) filter (where attribution_status <> 'unknown') as known_since
    from deployments
    where tier = 'production' and changed_running_version and service is not null and repository is not null
    group by service, repository
),
merged as (
    select ways.service, changes.merged_at, changes.day, delivered_changes.deployed_at,
        ways.known_since, delivered_changes.excluded, delivered_changes.merge_to_production_seconds
    from changes
    join ways on ways.repository = changes.repository
        and (changes.services is null or array_has(changes.services, ways.service))
    left join delivered_changes on delivered_changes.change_id = changes.change_id and delivered_changes.service = ways.service
    where changes.kind = 'pull_request' and changes.actor_kind <> 'bot'
        and changes.origin_id = changes.change_id and not coalesce(changes.is_empty, false)
        and coalesce(delivered_changes.excluded, 'skew') = 'skew'
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
    join calendar on calendar.day = merged.day
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
select 'p50' as statistic, scope_kind, scope, period_start, period_end, p50 as value, p50_low as low, p50_high as high,
    usable as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(usable as double) / nullif(eligible, 0) as coverage, is_partial
from summarised
union all
select 'p75', scope_kind, scope, period_start, period_end, p75, p75_low, p75_high,
    usable, cast(null as double), cast(null as double), cast(usable as double) / nullif(eligible, 0), is_partial
from summarised
union all
select 'p90', scope_kind, scope, period_start, period_end, p90, p90_low, p90_high,
    usable, cast(null as double), cast(null as double), cast(usable as double) / nullif(eligible, 0), is_partial
from summarised
