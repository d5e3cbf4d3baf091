-- CI duration: how long a pipeline run takes from its start to its end. Median and 90th percentile.
--
-- Runs that came to a conclusion, by success or failure, every attempt for itself; waiting for a
-- runner is no part of it (`ci_queue_time`), and jobs side by side count by the clock on the wall once.
-- A run counts in the period in which it finished.
-- Interval: exact order statistics; below 6 and 36 runs the percentile is withheld.
-- Coverage: conclusive runs of which both ends are known. It can be gamed by testing less, and a
-- pipeline that fails early looks fast; read it beside the success rate.
with placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        case when ci_runs.duration_seconds >= 0 then ci_runs.duration_seconds end as duration_seconds
    from ci_runs
    join calendar on calendar.day = ci_runs.day
    join scopes on scopes.service = ci_runs.service
        and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
    where ci_runs.is_conclusive
),
summarised as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible, count(duration_seconds) as usable,
        quantile(duration_seconds, 0.5) as p50, quantile_low(duration_seconds, 0.5) as p50_low,
        quantile_high(duration_seconds, 0.5) as p50_high,
        quantile(duration_seconds, 0.9) as p90, quantile_low(duration_seconds, 0.9) as p90_low,
        quantile_high(duration_seconds, 0.9) as p90_high
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
