-- Failed deployment recovery time from the deployment: from the end of a failed deployment until service
-- is restored. Median and 75th percentile.
--
-- A variant of `failed_deployment_recovery_time`, never the headline: there the clock starts when users
-- were impaired, here with the deployment, so the time until somebody noticed is in it. It needs no
-- incident tool to say when the impairment began, and it makes slow failures look worse than they were.
-- The same failures in the same periods; one that is not over lasts at least until now.
-- Value and interval: Kaplan and Meier's estimate with its log-log band; below 6 and 13 failures it is
-- withheld. While more than half are open there is no value, and `low` says how long they last at least.
-- Coverage: failures that were not over before their deployment had ended.
with summarised as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible, count(from_deploy_seconds) as usable,
        survival_quantile(from_deploy_seconds, has_ended, 0.5) as p50,
        survival_quantile_low(from_deploy_seconds, has_ended, 0.5) as p50_low,
        survival_quantile_high(from_deploy_seconds, has_ended, 0.5) as p50_high,
        survival_quantile(from_deploy_seconds, has_ended, 0.75) as p75,
        survival_quantile_low(from_deploy_seconds, has_ended, 0.75) as p75_low,
        survival_quantile_high(from_deploy_seconds, has_ended, 0.75) as p75_high
    from recoveries
    group by scope_kind, scope, period_start, period_end, is_partial
)
select statistics.statistic, scope_kind, scope, period_start, period_end,
    case statistics.statistic when 'p50' then p50 else p75 end as value,
    case statistics.statistic when 'p50' then p50_low else p75_low end as low,
    case statistics.statistic when 'p50' then p50_high else p75_high end as high,
    usable as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(usable as double) / nullif(eligible, 0) as coverage, is_partial
from summarised
cross join (values ('p50'), ('p75')) as statistics(statistic)
