-- CI reliability: of the pipeline runs that came to a conclusion, the share that the platform did not
-- spoil.
--
-- Every attempt counts for itself. A run that failed for a reason that lies with its author counts as
-- reliable; one that failed by the infrastructure does not, nor one whose reason nobody can tell: who
-- runs the platform has to prove that it was not the platform. A run counts in the period in which it
-- finished.
-- Interval: Wilson. Coverage: conclusive runs that succeeded or of whose failure the reason is known;
-- with few known reasons the value is a lower bound. It can be gamed by blaming authors.
with placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        ci_runs.result, ci_runs.failure_class
    from ci_runs
    join calendar on calendar.day = ci_runs.day
    join scopes on scopes.service = ci_runs.service
        and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
    where ci_runs.is_conclusive
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as denominator,
        count(*) filter (where result = 'success' or failure_class in ('user', 'infrastructure')) as understood,
        count(*) filter (where result = 'success' or failure_class = 'user') as numerator
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(numerator as double) / nullif(denominator, 0) as value,
    wilson_low(numerator, denominator) as low, wilson_high(numerator, denominator) as high,
    denominator as sample_size, cast(numerator as double) as numerator, cast(denominator as double) as denominator,
    cast(understood as double) / nullif(denominator, 0) as coverage, is_partial
from counted
