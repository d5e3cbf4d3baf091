-- One row per remedy and what it remedied: a failed deployment, an incident episode, or neither.
--
-- `is_restoring` marks, for each failure and each episode, the earliest credible restoration not
-- before its beginning: a deployment that repaired it and did not fail itself, or a word that it was
-- mitigated or resolved. A rollback has restored what ran before also where a further one then went back behind
-- it. A failure or episode without such a row is open; metrics censor it. A row without failure and without
-- episode is a deployment that its source calls a remedy of a bug.
with declared as (
    select deployment_id from deployments
    where declared_purpose = 'remediation' and tier = 'production' and changed_running_version
),
paired as (
    select repairs.deployment_id, repairs.repaired_deployment_id as failed_deployment_id,
        case
            when bool_or(declared.deployment_id is not null) then 'declared'
            when bool_or(basis = 'rollback') then 'rollback'
            when bool_or(basis = 'revert') then 'revert'
            else 'hotfix_rule'
        end as basis
    from repairs
    left join declared on declared.deployment_id = repairs.deployment_id
    group by repairs.deployment_id, repairs.repaired_deployment_id
),
episodes as (
    select episode_id, started_at, mitigated_at, resolved_at, excluded, unnest(caused_by_deployment_ids) as failed_deployment_id
    from incidents
    where caused_by_deployment_ids is not null
),
begun as (
    -- what can be over: failures, and episodes whatever their cause
    select 'failure:' || deployment_id as trouble, impaired_at as began_at from failures
    union all
    select 'episode:' || episode_id, started_at from incidents where excluded is null
),
candidates as (
    select cast(null as varchar) as deployment_id, failed_deployment_id, cast(null as varchar) as episode_id,
        cast(null as varchar) as basis, mitigated_at as over_at, 'mitigated' as how
    from episodes where excluded is null
    union all
    select null, failed_deployment_id, null, null, resolved_at as over_at, 'resolved' from episodes where excluded is null
    union all
    -- an attempt that was broken off took its version away itself
    select null, deployment_id as failed_deployment_id, null, null, finished_at as over_at, 'mitigated'
    from deployments
    where outcome <> 'succeeded' and changed_running_version
    union all
    select null, null, episode_id, null, mitigated_at as over_at, 'mitigated' from incidents where excluded is null
    union all
    select null, null, episode_id, null, resolved_at as over_at, 'resolved' from incidents where excluded is null
    union all
    select deployment_id, failed_deployment_id, null, basis, null, 'remediation_deployment' from paired
    union all
    select distinct paired.deployment_id, null, episodes.episode_id, paired.basis, null, 'remediation_deployment'
    from episodes
    join paired on paired.failed_deployment_id = episodes.failed_deployment_id
    union all
    select declared.deployment_id, null, null, 'declared', null, 'remediation_deployment'
    from declared
    left anti join paired on paired.deployment_id = declared.deployment_id
),
troubled as (
    select *, coalesce('failure:' || failed_deployment_id, 'episode:' || episode_id) as trouble from candidates
),
weighed as (
    select troubled.*, begun.began_at, remedies.finished_at, remedies.url, remedies.service as remedy_service,
        incidents.entity_id,
        failed.service as failed_service,
        coalesce(over_at, remedies.completed_at, remedies.finished_at) as restored_at,
        coalesce(
            begun.began_at is not null and coalesce(over_at, remedies.completed_at, remedies.finished_at) >= begun.began_at
                and (failures.deployment_id is null or (troubled.basis = 'rollback' and failures.evidence = 'rollback')), false
        ) as is_credible
    from troubled
    left join begun on begun.trouble = troubled.trouble
    left join deployments as remedies on remedies.deployment_id = troubled.deployment_id
    left join deployments as failed on failed.deployment_id = troubled.failed_deployment_id
    left join failures on failures.deployment_id = troubled.deployment_id
    left join incidents on incidents.episode_id = troubled.episode_id
),
ranked as (
    select *,
        is_credible and row_number() over (
            partition by trouble
            order by case when is_credible then 0 else 1 end, restored_at, how = 'resolved', how = 'mitigated', deployment_id
        ) = 1 as is_restoring
    from weighed
)
select deployment_id, failed_deployment_id, episode_id, entity_id, basis, coalesce(remedy_service, failed_service) as service,
    is_restoring,
    case when is_restoring then restored_at end as restored_at,
    case when is_restoring then how end as restored_basis,
    case when is_restoring then seconds_between(began_at, restored_at) end as recovery_seconds,
    finished_at, local_day(finished_at) as day, url
from ranked
where deployment_id is not null or is_restoring
