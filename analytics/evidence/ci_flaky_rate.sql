-- The commits of pipelines behind a CI flaky rate: how often each failed and succeeded.
with placed as (
    select ci_runs.*, scopes.scope_kind, scopes.scope, calendar.period_start
    from ci_runs
    join calendar on calendar.day = ci_runs.day
    join scopes on scopes.service = ci_runs.service
        and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
    where ci_runs.is_conclusive
)
select service, repository, pipeline_id, min(pipeline_name) as pipeline_name, head_sha,
    count(*) filter (where result = 'success') as successes,
    count(*) filter (where result <> 'success') as failures,
    bool_or(coalesce(recovered_same_sha, false)) as is_flaky,
    min(finished_at) as first_finished_at, max(finished_at) as last_finished_at, min(url) as url,
    pipeline_id is not null and head_sha is not null as is_counted,
    case when pipeline_id is null or head_sha is null then 'its pipeline or commit is not known' end as reason,
    scope_kind, scope, period_start
from placed
group by service, repository, pipeline_id, head_sha, scope_kind, scope, period_start
