-- Batch size: how many changes a deployment brings to production for the first time. Median and 90th
-- percentile.
--
-- Deployments of new code whose commits are all known and that delivered something; the first
-- deployment of a service takes the whole past and is left out. All changes count, those of bots and
-- fixes too, because all of them are carried. A deployment counts in the period in which its changes
-- reached production.
-- Interval: exact order statistics; below 6 and 36 deployments the percentile is withheld.
-- Coverage: deployments of new code whose commits are known. Small batches are easier to understand
-- and to take back; one change split into many pull requests looks like a large batch.
with carried as (
    select delivered_changes.deployment_id, delivered_changes.service, calendar.period_start, calendar.period_end,
        calendar.is_partial, min(delivered_changes.deployed_at) as deployed_at, count(*) as changes
    from delivered_changes
    join calendar on calendar.day = delivered_changes.day
    where delivered_changes.deployment_kind = 'change' and delivered_changes.deployment_attribution_status = 'exact'
    group by delivered_changes.deployment_id, delivered_changes.service, calendar.period_start, calendar.period_end,
        calendar.is_partial
),
placed as (
    select scopes.scope_kind, scopes.scope, carried.period_start, carried.period_end, carried.is_partial, carried.changes
    from carried
    join scopes on scopes.service = carried.service
        and carried.deployed_at >= scopes.valid_from and carried.deployed_at < scopes.valid_to
),
deployed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start,
        count(*) as deployments,
        count(*) filter (where deployments.attribution_status = 'exact') as with_commits
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.kind = 'change' and deployments.attribution_status <> 'baseline'
    group by scopes.scope_kind, scopes.scope, calendar.period_start
),
summarised as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as sample_size,
        quantile(changes, 0.5) as p50, quantile_low(changes, 0.5) as p50_low, quantile_high(changes, 0.5) as p50_high,
        quantile(changes, 0.9) as p90, quantile_low(changes, 0.9) as p90_low, quantile_high(changes, 0.9) as p90_high
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
),
covered as (
    select summarised.*, cast(deployed.with_commits as double) / nullif(deployed.deployments, 0) as coverage
    from summarised
    left join deployed on deployed.scope_kind = summarised.scope_kind and deployed.scope = summarised.scope
        and deployed.period_start = summarised.period_start
)
select statistics.statistic, scope_kind, scope, period_start, period_end,
    case statistics.statistic when 'p50' then p50 else p90 end as value,
    case statistics.statistic when 'p50' then p50_low else p90_low end as low,
    case statistics.statistic when 'p50' then p50_high else p90_high end as high,
    sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    coverage, is_partial
from covered
cross join (values ('p50'), ('p90')) as statistics(statistic)
