-- CI flaky rate: of the commits that a pipeline judged, the share that it judged both ways.
--
-- A row is a pipeline with a commit; it is flaky when the same commit failed and succeeded there, by
-- another attempt or another run. The code was the same, so it explains nothing. Only runs that came
-- to a conclusion count. A row counts in each period in which one of its runs finished, and is flaky
-- in the period in which it failed, wherever its success lies.
-- Interval: Wilson. Coverage: conclusive runs whose pipeline and commit are known.
-- Who never runs anything twice never finds out: the rate is a lower bound.
with placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        ci_runs.repository, ci_runs.pipeline_id, ci_runs.head_sha,
        ci_runs.pipeline_id is not null and ci_runs.head_sha is not null as is_known,
        coalesce(ci_runs.recovered_same_sha, false) as has_recovered
    from ci_runs
    join calendar on calendar.day = ci_runs.day
    join scopes on scopes.service = ci_runs.service
        and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
    where ci_runs.is_conclusive
),
judged as (
    select scope_kind, scope, period_start, period_end, is_partial, is_known, count(*) as runs, bool_or(has_recovered) as is_flaky
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial, is_known, repository, pipeline_id, head_sha
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        sum(runs) as eligible,
        sum(case when is_known then runs else 0 end) as understood,
        count(*) filter (where is_known) as denominator,
        count(*) filter (where is_known and is_flaky) as numerator
    from judged
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(numerator as double) / nullif(denominator, 0) as value,
    wilson_low(numerator, denominator) as low, wilson_high(numerator, denominator) as high,
    denominator as sample_size, cast(numerator as double) as numerator, cast(denominator as double) as denominator,
    cast(understood as double) / nullif(eligible, 0) as coverage, is_partial
from counted
