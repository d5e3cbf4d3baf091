-- The pipeline runs behind a CI duration, and those left out with the reason.
select ci_runs.run_id, ci_runs.service, ci_runs.pipeline_name, ci_runs.attempt, ci_runs.trigger, ci_runs.actor_kind,
    ci_runs.result, ci_runs.queued_at, ci_runs.started_at, ci_runs.finished_at, ci_runs.queue_seconds, ci_runs.duration_seconds,
    ci_runs.url,
    coalesce(ci_runs.is_conclusive and ci_runs.duration_seconds >= 0, false) as is_counted,
    case
        when not ci_runs.is_conclusive then 'it came to no conclusion'
        when ci_runs.duration_seconds is null then 'not known when it started'
        when ci_runs.duration_seconds < 0 then 'its clocks contradict each other'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from ci_runs
join calendar on calendar.day = ci_runs.day
join scopes on scopes.service = ci_runs.service
    and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
