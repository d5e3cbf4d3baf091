-- The pipeline runs behind a CI reliability: which failed, and for whose reason.
select ci_runs.run_id, ci_runs.service, ci_runs.pipeline_name, ci_runs.attempt, ci_runs.trigger, ci_runs.result,
    ci_runs.failure_class, coalesce(ci_runs.result = 'success' or ci_runs.failure_class = 'user', false) as is_reliable,
    ci_runs.started_at, ci_runs.finished_at, ci_runs.url,
    ci_runs.is_conclusive as is_counted,
    case
        when not ci_runs.is_conclusive then 'it came to no conclusion'
        when ci_runs.failure_class = 'unknown' then 'nobody can tell why it failed: it counts against the platform'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from ci_runs
join calendar on calendar.day = ci_runs.day
join scopes on scopes.service = ci_runs.service
    and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
