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
with episodes as (
    select failures.service, failures.impaired_at, failures.impaired_day, restoring.restored_at, restoring.recovery_seconds
    from failures
    left join remediations as restoring on restoring.failed_deployment_id = failures.deployment_id and restoring.is_restoring
),
placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        coalesce(episodes.restored_at <= calendar.as_of, false) as has_ended,
        case when episodes.restored_at <= calendar.as_of then episodes.recovery_seconds
            else seconds_between(episodes.impaired_at, calendar.as_of) end as impaired_seconds
    from episodes
    join calendar on calendar.day = episodes.impaired_day
    join scopes on scopes.service = episodes.service
        and episodes.impaired_at >= scopes.valid_from and episodes.impaired_at < scopes.valid_to
    where episodes.impaired_at <= calendar.as_of
),
summarised as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible, count(impaired_seconds) as usable,
        survival_quantile(impaired_seconds, has_ended, 0.5) as p50,
        survival_quantile_low(impaired_seconds, has_ended, 0.5) as p50_low,
        survival_quantile_high(impaired_seconds, has_ended, 0.5) as p50_high,
        survival_quantile(impaired_seconds, has_ended, 0.75) as p75,
        survival_quantile_low(impaired_seconds, has_ended, 0.75) as p75_low,
        survival_quantile_high(impaired_seconds, has_ended, 0.75) as p75_high
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
