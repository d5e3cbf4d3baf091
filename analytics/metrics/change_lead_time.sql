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
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        case when delivered_changes.excluded is null then delivered_changes.lead_time_seconds end as lead_time_seconds
    from delivered_changes
    join calendar on calendar.day = delivered_changes.day
    join scopes on scopes.service = delivered_changes.service
        and delivered_changes.deployed_at >= scopes.valid_from and delivered_changes.deployed_at < scopes.valid_to
    where coalesce(delivered_changes.excluded, 'skew') = 'skew'
),
deployed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start,
        count(*) as deployments,
        count(*) filter (where deployments.attribution_status <> 'unknown') as with_commits
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.changed_running_version
    group by scopes.scope_kind, scopes.scope, calendar.period_start
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
            * coalesce(cast(deployed.with_commits as double) / nullif(deployed.deployments, 0), 1.0) as coverage
    from summarised
    left join deployed on deployed.scope_kind = summarised.scope_kind and deployed.scope = summarised.scope
        and deployed.period_start = summarised.period_start
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end, p50 as value, p50_low as low, p50_high as high,
    usable as sample_size, cast(null as double) as numerator, cast(null as double) as denominator, coverage, is_partial
from covered
union all
select 'p75', scope_kind, scope, period_start, period_end, p75, p75_low, p75_high,
    usable, cast(null as double), cast(null as double), coverage, is_partial
from covered
union all
select 'p90', scope_kind, scope, period_start, period_end, p90, p90_low, p90_high,
    usable, cast(null as double), cast(null as double), coverage, is_partial
from covered
