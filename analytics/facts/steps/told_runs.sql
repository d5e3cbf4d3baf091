-- One row per pipeline run and attempt, before it is compared with earlier ones of the same commit.
with ended as (
    select part_of as entity_id, min(finished_at) as first_finished_at
    from observed.ci_runs
    where moment = 'finished' and not is_deleted
    group by part_of
),
finished as (
    select runs.* exclude (repository, finished_at), coalesce(repository_names.repository, runs.repository) as repository,
        least(ended.first_finished_at, runs.finished_at) as finished_at
    from observed.ci_runs as runs
    left join repository_names on repository_names.name = runs.repository
    left join ended on ended.entity_id = runs.entity_id
    where runs.part_of is null and not runs.is_deleted and runs.status = 'finished'
),
compared as (
    -- a run of no repository is compared with nothing but itself
    select *,
        coalesce(repository, entity_id) as compared_repository,
        coalesce(pipeline_id, pipeline_name) as compared_pipeline,
        coalesce(head_sha, entity_id) as compared_sha
    from finished
),
successes as (
    select distinct compared_repository, compared_pipeline, compared_sha from compared where result = 'success'
),
told as (
    select compared.*,
        coalesce(cast(queued_ms as double) / 1000.0, seconds_between(queued_at, started_at)) as waited_seconds,
        coalesce(cast(duration_ms as double) / 1000.0, seconds_between(started_at, finished_at)) as worked_seconds,
        successes.compared_sha is not null as has_succeeded
    from compared
    left join successes on (successes.compared_repository is not distinct from compared.compared_repository)
        and (successes.compared_pipeline is not distinct from compared.compared_pipeline)
        and (successes.compared_sha is not distinct from compared.compared_sha)
)
select told.entity_id as run_id, told.run_id as native_id, told.attempt,
    coalesce(repositories.service, split_part(told.repository, '/', -1)) as service,
    told.repository,
    coalesce(told.pipeline_id, told.pipeline_name) as pipeline_id, told.pipeline_name, told.trigger,
    coalesce(told.is_default_branch, false) as is_default_branch, told.head_sha,
    told.queued_at, told.started_at, told.finished_at,
    coalesce(told.result, 'unknown') as result,
    case
        when told.result is null or told.result not in ('failure', 'error', 'timeout') then null
        when lower(told.failure_reason_raw) in ('user', 'infrastructure') then lower(told.failure_reason_raw)
        else 'unknown'
    end as failure_class,
    case when waited_seconds >= 0 then waited_seconds end as queue_seconds,
    case when worked_seconds >= 0 then worked_seconds end as duration_seconds,
    coalesce(told.result in ('success', 'failure', 'error', 'timeout'), false) as is_conclusive,
    coalesce(told.result in ('failure', 'error', 'timeout') and has_succeeded, false) as recovered_same_sha,
    told.uses,
    case when told.is_bot then 'bot' when told.agent is not null then 'agent_assisted' when told.is_bot is null then 'unknown'
        else 'human' end as actor_kind,
    local_day(told.finished_at) as day, told.url
from told
left join repository_services as repositories on repositories.repository = told.repository and not repositories.is_shared
    and repositories.valid_from <= coalesce(told.finished_at, told.started_at, told.queued_at)
    and (repositories.valid_to is null or coalesce(told.finished_at, told.started_at, told.queued_at) < repositories.valid_to)
