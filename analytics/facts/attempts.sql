-- One row per attempt to put a version of one service into one environment: what was tried.
--
-- An instant comes from the newest statement about the attempt, else from the earliest matching
-- moment, so that sources that report states and sources that report events converge. The service
-- is the one that the sender names, else the one whose repository was deployed, else what the
-- source calls it. An environment that no rule matches is `unknown`, never production.
with moments as (
    select part_of as entity_id,
        min(occurred_at) filter (where moment = 'started') as started_at,
        min(occurred_at) filter (where moment = 'succeeded') as succeeded_at,
        min(occurred_at) filter (where moment = 'failed') as failed_at
    from observed.deployments
    where part_of is not null
    group by part_of
),
tiers as (
    select environment, tier,
        row_number() over (partition by environment order by position) as place
    from (select distinct environment from observed.deployments where environment is not null) as seen
    join environments on lower(seen.environment) like environments.pattern
),
repositories as (
    -- a repository that several services share does not name one of them
    select repository, min(service) as service
    from service_owners
    where repository is not null and valid_to is null
    group by repository
    having count(distinct service) = 1
),
told as (
    select deployments.*, moments.started_at as moment_started_at, moments.succeeded_at, moments.failed_at,
        split_part(revisions[1], '@', 1) as repository,
        split_part(revisions[1], '@', 2) as sha
    from observed.deployments as deployments
    left join moments on moments.entity_id = deployments.entity_id
    where deployments.part_of is null and not deployments.is_deleted
),
ended as (
    select *,
        case
            -- the first success decides, whatever is said later
            when succeeded_at is not null or result = 'success' then 'succeeded'
            when failed_at is not null or result in ('failure', 'error', 'timeout') then 'failed'
            when result = 'cancellation' then 'cancelled'
            when result = 'skip' then 'skipped'
            when status in ('queued', 'waiting', 'running') then 'in_progress'
            else 'unknown'
        end as outcome,
        case
            when succeeded_at is not null then succeeded_at
            when status = 'finished' then coalesce(finished_at, failed_at)
            else failed_at
        end as ended_at
    from told
)
select ended.entity_id as deployment_id,
    ended.deployment_id as native_id,
    ended.attempt,
    coalesce(ended.service_hint, repositories.service, ended.application) as service,
    ended.environment,
    coalesce(tiers.tier, 'unknown') as tier,
    coalesce(ended.track_hint, 'main') as track,
    nullif(ended.repository, '') as repository,
    nullif(ended.sha, '') as sha,
    ended.revisions,
    ended.version,
    ended.artifacts[1] as artifact_digest,
    coalesce(nullif(array_to_string(ended.revisions, ','), ''), ended.artifacts[1], ended.version) as version_key,
    ended.outcome,
    case when ended.outcome = 'succeeded' then true else ended.reached end as reached,
    coalesce(ended.declared_rollback, false) as declared_rollback,
    ended.rollback_of,
    ended.purpose as declared_purpose,
    ended.created_at,
    coalesce(ended.started_at, ended.moment_started_at) as started_at,
    ended.exposed_at,
    ended.completed_at,
    ended.ended_at as finished_at,
    plus_seconds(ended.ended_at, settings.observation_window_days * 86400) as mature_at,
    plus_seconds(coalesce(ended.started_at, ended.moment_started_at, ended.created_at),
        settings.deployment_timeout_hours * 3600) as times_out_at,
    local_day(ended.ended_at) as day,
    ended.url
from ended
cross join settings
left join tiers on tiers.environment = ended.environment and tiers.place = 1
left join repositories on repositories.repository = ended.repository
