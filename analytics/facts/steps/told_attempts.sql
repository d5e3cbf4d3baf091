-- One row per attempt to put a version of one service into one target of an environment, by itself.
--
-- An instant comes from the newest statement about the attempt, else from the earliest matching
-- moment, so that sources that report states and sources that report events converge. The service
-- is the one that the sender names, else the one whose repository was deployed, as it was then, else
-- what the source calls it. An environment that no rule matches is `unknown`, never production.
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
images as (
    select digest, max(coalesce(repository_names.repository, source_repository) || '@' || source_sha) as revision
    from observed.artifacts
    left join repository_names on repository_names.name = source_repository
    where part_of is null and not is_deleted and source_repository is not null and source_sha is not null
    group by digest
),
built as (
    -- an image is the bridge from what runs to the commit that it was built from
    select deployed.entity_id, array_agg(distinct images.revision order by images.revision) as revisions
    from (
        select entity_id, unnest(artifacts) as digest
        from observed.deployments
        where part_of is null and not is_deleted
    ) as deployed
    join images on images.digest = deployed.digest
    group by deployed.entity_id
),
revised as (
    select entity_id, unnest(revisions) as revision
    from observed.deployments
    where part_of is null and not is_deleted
),
renamed as (
    -- a deployment that names a repository by a former name deployed what has another name now
    select named.entity_id, array_agg(distinct named.revision order by named.revision) as revisions
    from (
        select revised.entity_id,
            case when repository_names.repository is null then revised.revision
                else repository_names.repository || '@' || split_part(revised.revision, '@', 2) end as revision
        from revised
        left join repository_names on repository_names.name = split_part(revised.revision, '@', 1)
        where revised.entity_id in (
            select former.entity_id
            from revised as former
            join repository_names on repository_names.name = split_part(former.revision, '@', 1)
        )
    ) as named
    group by named.entity_id
),
told as (
    select deployments.* exclude (revisions), coalesce(renamed.revisions, deployments.revisions) as revisions,
        moments.started_at as moment_started_at, moments.succeeded_at, moments.failed_at,
        -- a controller that makes a cluster equal to its configuration names the configuration's revision
        coalesce(deployments.kind = 'sync', false) and coalesce(cardinality(deployments.artifacts), 0) > 0 as is_configured,
        built.revisions as built_revisions
    from observed.deployments as deployments
    left join moments on moments.entity_id = deployments.entity_id
    left join built on built.entity_id = deployments.entity_id
    left join renamed on renamed.entity_id = deployments.entity_id
    where deployments.part_of is null and not deployments.is_deleted
),
resolved as (
    select *,
        case
            -- which code a configuration runs is not known without its images
            when is_configured or coalesce(cardinality(revisions), 0) = 0 then built_revisions
            else array_sort(revisions)
        end as code_revisions,
        case
            when not is_configured and coalesce(cardinality(revisions), 0) > 0 then array_to_string(array_sort(revisions), ',')
            when coalesce(cardinality(artifacts), 0) > 0 then array_to_string(array_sort(artifacts), ',')
            else version
        end as version_key,
        coalesce(config_revision, case when is_configured then nullif(array_to_string(array_sort(revisions), ','), '') end)
            as config_key
    from told
),
ended as (
    select *,
        split_part(coalesce(code_revisions[1], revisions[1]), '@', 1) as repository,
        split_part(code_revisions[1], '@', 2) as sha,
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
            when status = 'finished' then coalesce(finished_at, failed_at, completed_at)
            else failed_at
        end as ended_at
    from resolved
),
dated as (
    -- what happened at no known time belongs to whoever has the repository today
    select *, coalesce(ended_at, started_at, moment_started_at, created_at, occurred_at) as at from ended
),
placed as (
    select dated.*,
        coalesce(dated.service_hint, repositories.service, dated.application) as service,
        coalesce(tiers.tier, 'unknown') as tier
    from dated
    left join tiers on tiers.environment = dated.environment and tiers.place = 1
    -- a repository that several services share does not name one of them
    left join repository_services as repositories on repositories.repository = dated.repository and not repositories.is_shared
        and (dated.at is null or repositories.valid_from <= dated.at)
        and (repositories.valid_to is null or dated.at < repositories.valid_to)
)
select entity_id as deployment_id,
    deployment_id as native_id,
    -- within which its own id is unique
    coalesce(source, '') || '/' || coalesce(instance, '') as origin,
    attempt,
    service,
    environment,
    tier,
    target,
    rollout_id,
    coalesce(track_hint, 'main') as track,
    nullif(repository, '') as repository,
    nullif(sha, '') as sha,
    code_revisions as revisions,
    version,
    artifacts[1] as artifact_digest,
    version_key,
    config_key,
    outcome,
    -- traffic that came is traffic, however the attempt ended
    case when outcome = 'succeeded' or exposed_at is not null then true else reached end as reached,
    coalesce(declared_rollback, false) as declared_rollback,
    rollback_of,
    purpose as declared_purpose,
    created_at,
    coalesce(started_at, moment_started_at) as started_at,
    exposed_at,
    completed_at,
    ended_at as finished_at,
    plus_seconds(ended_at, settings.observation_window_days * 86400) as mature_at,
    plus_seconds(coalesce(started_at, moment_started_at, created_at),
        settings.deployment_timeout_hours * 3600) as times_out_at,
    -- why it cannot count: never guessed, but listed
    case
        when service is null then 'unknown_service'
        when tier = 'unknown' then 'unknown_environment'
        when outcome = 'succeeded' and ended_at is null then 'no_end'
    end as quarantine,
    local_day(ended_at) as day,
    url
from placed
cross join settings
