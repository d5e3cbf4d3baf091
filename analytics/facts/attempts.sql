-- One row per attempt to put a version of one service into one environment: what was tried.
--
-- Regions, clusters and tenants that receive one version as one rollout are one deployment: that of the
-- first of them, which says how many `targets` there were and when the last was done. The others stay
-- here under its id in `rollout_of`. A source may name the rollout; else what puts the same version into
-- another target of the same tier belongs to it, as long as no more than an hour lies between two of them.
-- The same target once more is a deployment of its own.
-- `outcome` is succeeded, failed, cancelled, skipped, in_progress or unknown.
with placed as (
    select deployment_id, service, tier, track, version_key, rollout_id, finished_at,
        coalesce(environment, '') || '/' || coalesce(target, '') as region
    from told_attempts
    where outcome = 'succeeded' and reached and quarantine is null and version_key is not null and version_key <> ''
),
repeated as (
    -- most versions are deployed once to each tier, and that is a rollout by itself
    select service, tier, track, version_key, rollout_id
    from placed
    group by service, tier, track, version_key, rollout_id
    having count(*) > 1
),
succeeded as (
    select placed.*,
        lag(placed.finished_at) over (
            partition by placed.service, placed.tier, placed.track, placed.version_key, placed.rollout_id
            order by placed.finished_at, placed.deployment_id
        ) as before_at
    from placed
    join repeated on (repeated.service is not distinct from placed.service) and (repeated.tier is not distinct from placed.tier)
        and (repeated.track is not distinct from placed.track) and (repeated.version_key is not distinct from placed.version_key)
        and (repeated.rollout_id is not distinct from placed.rollout_id)
),
waves as (
    -- `rollout_gap` of the reference: 60 minutes
    select *,
        sum(case when before_at is null or (rollout_id is null and seconds_between(before_at, finished_at) > 3600) then 1 else 0 end)
            over (partition by service, tier, track, version_key, rollout_id order by finished_at, deployment_id) as wave
    from succeeded
),
turns as (
    select *,
        row_number() over (
            partition by service, tier, track, version_key, rollout_id, wave, region order by finished_at, deployment_id
        ) as turn
    from waves
),
rollouts as (
    select deployment_id, finished_at,
        first_value(deployment_id) over (
            partition by service, tier, track, version_key, rollout_id, wave, turn order by finished_at, deployment_id
        ) as first_id
    from turns
),
sized as (
    select deployment_id, first_id,
        count(*) over (partition by first_id) as targets,
        max(finished_at) over (partition by first_id) as last_target_finished_at
    from rollouts
)
select told_attempts.*,
    case when sized.first_id <> told_attempts.deployment_id then sized.first_id end as rollout_of,
    case when sized.first_id is null then 1 when sized.first_id = told_attempts.deployment_id then sized.targets end as targets,
    case
        when sized.first_id = told_attempts.deployment_id then sized.last_target_finished_at
        when sized.first_id is null then placed.finished_at
    end as last_target_finished_at
from told_attempts
left join sized on sized.deployment_id = told_attempts.deployment_id
left join placed on placed.deployment_id = told_attempts.deployment_id
