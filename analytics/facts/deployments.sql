-- One row per attempt again, with what the comparison with other attempts of its stream adds.
--
-- A stream is a service in an environment on one track, ordered by the end of the deploy job. Only
-- successful attempts that reached users take part in the comparison; the others have no kind.
with reached as (
    select *,
        row_number() over (partition by service, environment, track order by finished_at, deployment_id) as place
    from attempts
    where outcome = 'succeeded' and reached and service is not null and finished_at is not null
),
compared as (
    select *,
        lag(version_key) over (partition by service, environment, track order by place) as running_key,
        -- where this version last ran before
        max(place) over (
            partition by service, environment, track, version_key order by place
            rows between unbounded preceding and 1 preceding
        ) as earlier_place
    from reached
),
judged as (
    select compared.deployment_id, compared.service, compared.environment, compared.track, compared.place,
        compared.earlier_place, attributed.new_commits,
        case
            when attributed.deployment_id is null and compared.sha is null then 'unknown'
            else coalesce(attributed.attribution_status, 'unknown')
        end as attribution_status,
        case
            when running_key is null then 'change'
            when declared_rollback then 'rollback'
            when version_key = running_key then 'redeploy'
            -- a version that ran before and was replaced since is put back
            when earlier_place is not null then 'rollback'
            -- older than what runs, though never deployed by itself
            when attributed.attribution_status = 'exact' and attributed.new_commits = 0 then 'rollback'
            else 'change'
        end as kind,
        place = 1 as is_baseline
    from compared
    left join attributed_deployments as attributed on attributed.deployment_id = compared.deployment_id
),
undone as (
    -- what a rollback takes away is the first deployment after the version that it puts back
    select judged.deployment_id, restored.deployment_id as restores, next.deployment_id as undoes
    from judged
    left join judged as restored on restored.service = judged.service and restored.environment = judged.environment
        and restored.track = judged.track and restored.place = judged.earlier_place
    left join judged as next on next.service = judged.service and next.environment = judged.environment
        and next.track = judged.track and next.place = coalesce(judged.earlier_place + 1, judged.place - 1)
    where judged.kind = 'rollback'
)
select attempts.deployment_id, attempts.native_id, attempts.attempt, attempts.service, attempts.environment, attempts.tier,
    attempts.track, attempts.repository, attempts.sha, attempts.revisions, attempts.version, attempts.artifact_digest,
    attempts.outcome, attempts.reached, judged.kind,
    coalesce(judged.is_baseline, false) as is_baseline,
    coalesce(judged.kind in ('change', 'rollback', 'config'), false) as changed_running_version,
    undone.restores, undone.undoes, attempts.declared_purpose,
    judged.new_commits, judged.attribution_status,
    attempts.created_at, attempts.started_at, attempts.exposed_at, attempts.completed_at, attempts.finished_at,
    attempts.mature_at, attempts.times_out_at, attempts.day, attempts.url
from attempts
left join judged on judged.deployment_id = attempts.deployment_id
left join undone on undone.deployment_id = attempts.deployment_id
