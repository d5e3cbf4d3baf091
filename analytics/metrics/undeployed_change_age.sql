-- Age of undeployed changes: how long merged work has been waiting at the end of the period. Median and
-- 90th percentile.
--
-- The ages of the changes that `undeployed_changes` counts, from merge to the end of the period, or to
-- now for a period that is not over. It answers what the lead time leaves out: the lead time of today
-- is good as long as nothing arrives, while this age grows by a day each day.
-- Interval: exact order statistics; below 6 and 36 changes the percentile is withheld.
-- Coverage: deployed services whose commits are known. The evidence lists the oldest first.
with aged as (
    select scope_kind, scope, period_start, count(age_seconds) as changes,
        quantile(age_seconds, 0.5) as p50, quantile_low(age_seconds, 0.5) as p50_low,
        quantile_high(age_seconds, 0.5) as p50_high,
        quantile(age_seconds, 0.9) as p90, quantile_low(age_seconds, 0.9) as p90_low,
        quantile_high(age_seconds, 0.9) as p90_high
    from waiting_changes
    group by scope_kind, scope, period_start
),
summarised as (
    select deployed.scope_kind, deployed.scope, deployed.period_start, deployed.period_end, deployed.is_partial,
        cast(deployed.with_commits as double) / nullif(deployed.services, 0) as coverage,
        coalesce(aged.changes, 0) as sample_size,
        aged.p50, aged.p50_low, aged.p50_high, aged.p90, aged.p90_low, aged.p90_high
    from deployed_services as deployed
    left join aged on aged.scope_kind = deployed.scope_kind and aged.scope = deployed.scope
        and aged.period_start = deployed.period_start
)
select statistics.statistic, scope_kind, scope, period_start, period_end,
    case statistics.statistic when 'p50' then p50 else p90 end as value,
    case statistics.statistic when 'p50' then p50_low else p90_low end as low,
    case statistics.statistic when 'p50' then p50_high else p90_high end as high,
    sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    coverage, is_partial
from summarised
cross join (values ('p50'), ('p90')) as statistics(statistic)
