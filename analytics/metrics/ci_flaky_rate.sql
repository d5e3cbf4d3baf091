-- CI flaky rate: of the commits that a pipeline judged, the share that it judged both ways.
--
-- What is counted is a pipeline with a commit, in one service; it is flaky when the same commit failed and
-- succeeded there, by another attempt or another run. The code was the same, so it explains nothing. Only runs that
-- came to a conclusion count. A pair counts in each period in which one of its runs finished, by the first of them,
-- and is flaky in the period in which it failed, wherever its success lies.
-- Interval: Wilson. Coverage: conclusive runs whose pipeline and commit are known.
-- Who never runs anything twice never finds out: the rate is a lower bound.
with placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        ci_runs.pipeline_id is not null and ci_runs.head_sha is not null as is_known,
        ci_runs.previous_of_sha_at is null or ci_runs.previous_of_sha_at < calendar.period_start
            or ci_runs.previous_of_sha_at < scopes.valid_from as is_first,
        ci_runs.recovered_same_sha and (ci_runs.previous_recovered_at is null
            or ci_runs.previous_recovered_at < calendar.period_start
            or ci_runs.previous_recovered_at < scopes.valid_from) as is_first_recovered
    from ci_runs
    join calendar on calendar.day = ci_runs.day
    join scopes on scopes.service = ci_runs.service
        and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
    where ci_runs.is_conclusive
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible,
        count(*) filter (where is_known) as understood,
        count(*) filter (where is_known and is_first) as denominator,
        count(*) filter (where is_known and is_first_recovered) as numerator
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(numerator as double) / nullif(denominator, 0) as value,
    wilson_low(numerator, denominator) as low, wilson_high(numerator, denominator) as high,
    denominator as sample_size, cast(numerator as double) as numerator, cast(denominator as double) as denominator,
    cast(understood as double) / nullif(eligible, 0) as coverage, is_partial
from counted
