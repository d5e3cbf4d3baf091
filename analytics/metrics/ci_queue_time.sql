-- CI queue time: how long a pipeline run waits until it starts. Median and 90th percentile.
--
-- Every finished run that was not skipped, however it ended: who is cancelled has waited too. A run
-- counts in the period in which it finished.
-- Interval: exact order statistics; below 6 and 36 runs the percentile is withheld.
-- Coverage: runs whose source tells when they were queued; a start before the queueing is no waiting.
-- It says whether there are enough runners; it can be gamed by queueing elsewhere.
with placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        case when ci_runs.queue_seconds >= 0 then ci_runs.queue_seconds end as queue_seconds
    from ci_runs
    join calendar on calendar.day = ci_runs.day
    join scopes on scopes.service = ci_runs.service
        and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
    where ci_runs.result <> 'skip'
),
summarised as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible, count(queue_seconds) as usable,
        quantile(queue_seconds, 0.5) as p50, quantile_low(queue_seconds, 0.5) as p50_low,
        quantile_high(queue_seconds, 0.5) as p50_high,
        quantile(queue_seconds, 0.9) as p90, quantile_low(queue_seconds, 0.9) as p90_low,
        quantile_high(queue_seconds, 0.9) as p90_high
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
)
select statistics.statistic, scope_kind, scope, period_start, period_end,
    case statistics.statistic when 'p50' then p50 else p90 end as value,
    case statistics.statistic when 'p50' then p50_low else p90_low end as low,
    case statistics.statistic when 'p50' then p50_high else p90_high end as high,
    usable as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(usable as double) / nullif(eligible, 0) as coverage, is_partial
from summarised
cross join (values ('p50'), ('p90')) as statistics(statistic)
