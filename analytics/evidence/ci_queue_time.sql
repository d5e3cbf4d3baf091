-- The pipeline runs behind a CI queue time, and those left out with the reason.
select ci_runs.run_id, ci_runs.service, ci_runs.pipeline_name, ci_runs.attempt, ci_runs.trigger, ci_runs.actor_kind,
    ci_runs.result, ci_runs.queued_at, ci_runs.started_at, ci_runs.finished_at, ci_runs.queue_seconds, ci_runs.duration_seconds,
    ci_runs.url,
    coalesce(ci_runs.result <> 'skip' and ci_runs.queue_seconds >= 0, false) as is_counted,
    case
        when ci_runs.result = 'skip' then 'skipped: it never waited for a runner'
        when ci_runs.queue_seconds is null then 'not known when it was queued or started'
        when ci_runs.queue_seconds < 0 then 'its clocks contradict each other'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from ci_runs
join calendar on calendar.day = ci_runs.day
join scopes on scopes.service = ci_runs.service
    and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
