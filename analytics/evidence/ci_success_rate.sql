-- The pipeline runs behind a CI success rate, and those left out with the reason.
select ci_runs.run_id, ci_runs.service, ci_runs.pipeline_name, ci_runs.attempt, ci_runs.trigger, ci_runs.result,
    ci_runs.started_at, ci_runs.finished_at, ci_runs.duration_seconds, ci_runs.url,
    ci_runs.attempt = 1 and ci_runs.is_conclusive as is_counted,
    case
        when ci_runs.attempt > 1 then 'a re-run: only first attempts count'
        when not ci_runs.is_conclusive then 'it came to no conclusion'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from ci_runs
join calendar on calendar.day = ci_runs.day
join scopes on scopes.service = ci_runs.service
    and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
