-- CI success rate: of the pipeline runs that came to a conclusion, the share that succeeded at the
-- first attempt.
--
-- Only first attempts count, so a re-run cannot hide a failure. A cancelled or skipped run is no
-- conclusion. A run counts in the period in which it finished.
-- Interval: Wilson. Coverage: first attempts that came to a conclusion or were stopped on purpose.
-- It can be gamed by running less; read it beside the deployment frequency.
with placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        ci_runs.is_conclusive, ci_runs.result
    from ci_runs
    join calendar on calendar.day = ci_runs.day
    join scopes on scopes.service = ci_runs.service
        and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
    where ci_runs.attempt = 1
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible,
        count(*) filter (where result <> 'unknown') as understood,
        count(*) filter (where is_conclusive) as denominator,
        count(*) filter (where result = 'success') as numerator
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(numerator as double) / nullif(denominator, 0) as value,
    wilson_low(numerator, denominator) as low, wilson_high(numerator, denominator) as high,
    denominator as sample_size, cast(numerator as double) as numerator, cast(denominator as double) as denominator,
    cast(understood as double) / nullif(eligible, 0) as coverage, is_partial
from counted
