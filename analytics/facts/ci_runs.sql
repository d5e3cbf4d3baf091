-- One row per pipeline run and attempt.
--
-- A run belongs to the service whose repository was built. It is conclusive when it ended by
-- success, failure, error or time-out: a cancelled or skipped run says nothing about the code.
with repositories as (
    select repository, min(service) as service
    from service_owners
    where repository is not null and valid_to is null
    group by repository
    having count(distinct service) = 1
),
told as (
    select * from observed.ci_runs where part_of is null and not is_deleted
)
select told.entity_id as run_id, told.attempt,
    coalesce(repositories.service, split_part(told.repository, '/', -1)) as service,
    told.repository,
    coalesce(told.pipeline_id, told.pipeline_name) as pipeline_id, told.pipeline_name, told.trigger,
    coalesce(told.is_default_branch, false) as is_default_branch, told.head_sha,
    told.queued_at, told.started_at, told.finished_at,
    coalesce(told.result, 'unknown') as result,
    seconds_between(told.queued_at, told.started_at) as queue_seconds,
    coalesce(cast(told.duration_ms as double) / 1000.0, seconds_between(told.started_at, told.finished_at)) as duration_seconds,
    coalesce(told.result in ('success', 'failure', 'error', 'timeout'), false) as is_conclusive,
    told.uses,
    case when told.is_bot then 'bot' when told.is_bot is null then 'unknown' else 'human' end as actor_kind,
    local_day(told.finished_at) as day, told.url
from told
left join repositories on repositories.repository = told.repository
where told.status = 'finished'
