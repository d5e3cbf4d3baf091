-- One row per attempt again, with what the comparison with other attempts of its stream adds.
--
-- A stream is a service in an environment on one track, ordered by the end of the deploy job. Only
-- successful attempts that reached users take part in the comparison. One that failed before it
-- reached anybody has no kind; one that was broken off after traffic had come is a change that
-- failed, though it leaves the running version as it was. A rollout counts once, at its first target:
-- a further one has no kind and changes nothing by itself, and what is said of it is said of the first.
-- `new_commits` counts the commits of whole repositories, before path rules say which of them are the service's.
-- `outcome` is that of `attempts`.
with undone as (
    -- what a rollback takes away is what it names, else the first deployment after the version that it puts
    -- back, else the last one that changed what runs, however often that was deployed again
    select judged.deployment_id, restored.first_id as restores,
        min(coalesce(named.first_id, next.first_id)) as undoes
    from stream_places as judged
    left join stream_places as restored on restored.service = judged.service and restored.environment = judged.environment
        and restored.track = judged.track and restored.place = judged.earlier_place
    left join stream_places as next on next.service = judged.service and next.environment = judged.environment
        and next.track = judged.track and next.place = coalesce(judged.earlier_place + 1, judged.replaced_place)
    left join stream_places as named on named.service = judged.service and named.environment = judged.environment
        and named.track = judged.track and named.place < judged.place
        and (named.deployment_id = judged.rollback_of or named.native_id = judged.rollback_of)
    where judged.kind = 'rollback'
    group by judged.deployment_id, restored.first_id
),
taken_away as (
    -- everything after the version that was put back went, if that happened inside the observation window
    select gone.deployment_id, min(rollbacks.finished_at) as taken_away_at
    from stream_places as rollbacks
    join stream_places as gone on gone.service = rollbacks.service and gone.environment = rollbacks.environment
        and gone.track = rollbacks.track and gone.place < rollbacks.place
        and gone.place > coalesce(rollbacks.earlier_place, rollbacks.replaced_place - 1)
    where rollbacks.kind = 'rollback' and rollbacks.finished_at <= gone.mature_at
    group by gone.deployment_id
),
replaced as (
    select judged.deployment_id, before.first_id as replaces
    from stream_places as judged
    join stream_places as before on before.service = judged.service and before.environment = judged.environment
        and before.track = judged.track and before.place = judged.replaced_place
),
broken_off as (
    select deployment_id
    from attempts
    where outcome in ('failed', 'cancelled') and reached and service is not null and finished_at is not null
),
told as (
    select attempts.deployment_id, attempts.native_id, attempts.attempt, attempts.service, attempts.environment, attempts.tier,
        attempts.track, attempts.repository, attempts.sha, attempts.revisions, attempts.version, attempts.artifact_digest,
        attempts.outcome, attempts.reached, attempts.target, attempts.rollout_of, attempts.targets, attempts.last_target_finished_at,
        case when broken_off.deployment_id is not null then 'change' when attempts.rollout_of is null then judged.kind end as kind,
        attempts.rollout_of is null and coalesce(judged.is_baseline, false) as is_baseline,
        attempts.rollout_of is null
            and coalesce(judged.kind in ('change', 'rollback', 'config'), broken_off.deployment_id is not null) as changed_running_version,
        case when attempts.rollout_of is null then undone.restores end as restores,
        case when attempts.rollout_of is null then undone.undoes end as undoes,
        case when attempts.rollout_of is null then replaced.replaces end as replaces, taken_away.taken_away_at, attempts.declared_purpose,
        case when broken_off.deployment_id is not null then 0 else judged.new_commits end as new_commits,
        case when broken_off.deployment_id is not null then 'exact' else judged.attribution_status end as attribution_status,
        attempts.created_at, attempts.started_at, attempts.exposed_at, attempts.completed_at, attempts.finished_at,
        attempts.mature_at, attempts.times_out_at, attempts.quarantine, attempts.day, attempts.url
    from attempts
    left join stream_places as judged on judged.deployment_id = attempts.deployment_id
    left join undone on undone.deployment_id = attempts.deployment_id
    left join replaced on replaced.deployment_id = attempts.deployment_id
    left join taken_away on taken_away.deployment_id = attempts.deployment_id
    left join broken_off on broken_off.deployment_id = attempts.deployment_id
)
select *,
    -- when the service was last deployed to production before this one, which changed what runs there, too
    case when tier = 'production' and changed_running_version then lag(finished_at) over (
        partition by service, tier = 'production' and changed_running_version order by finished_at, deployment_id
    ) end as previous_finished_at
from told
