-- Failed deployment recovery time: how long users are impaired by a failed deployment until service is
-- restored. Median and 75th percentile.
--
-- One row per failed deployment, in the period in which the impairment began, never by when somebody
-- closed a ticket. It ends with the earliest credible restoration: a rollback, revert or hotfix that
-- did not fail itself, or a word that it was mitigated or resolved. A failure that is not over counts
-- as lasting at least until now: leaving it out would flatter, ending it now would too.
-- Value and interval: Kaplan and Meier's estimate with its log-log band; below 6 and 13 failures it is
-- withheld. While more than half are open there is no value, and `low` says how long they last at least.
-- Coverage: failures of which the beginning is known. Failures are few: look at each of them. It can be
-- gamed by closing early and by not calling it a failure; read it beside the change fail rate.
with summarised as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible, count(recovery_seconds) as usable,
        survival_quantile(recovery_seconds, has_ended, 0.5) as p50,
        survival_quantile_low(recovery_seconds, has_ended, 0.5) as p50_low,
        survival_quantile_high(recovery_seconds, has_ended, 0.5) as p50_high,
        survival_quantile(recovery_seconds, has_ended, 0.75) as p75,
        survival_quantile_low(recovery_seconds, has_ended, 0.75) as p75_low,
        survival_quantile_high(recovery_seconds, has_ended, 0.75) as p75_high
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
