-- One row per attempt that takes part in its stream: its place there, and of what kind it is.
with repeated as (
    -- most versions run once in a stream, and such a one never ran there before
    select service, environment, track, version_key
    from stream_attempts
    group by service, environment, track, version_key
    having count(*) > 1
),
returned as (
    -- where this version last ran before
    select stream_attempts.deployment_id,
        lag(stream_attempts.place) over (
            partition by stream_attempts.service, stream_attempts.environment, stream_attempts.track, stream_attempts.version_key
            order by stream_attempts.place
        ) as earlier_place
    from stream_attempts
    join repeated on (repeated.service is not distinct from stream_attempts.service)
        and (repeated.environment is not distinct from stream_attempts.environment)
        and (repeated.track is not distinct from stream_attempts.track)
        and (repeated.version_key is not distinct from stream_attempts.version_key)
),
compared as (
    select stream_attempts.*, returned.earlier_place,
        lag(version_key) over (partition by service, environment, track order by place) as running_key,
        lag(config_key) over (partition by service, environment, track order by place) as running_config
    from stream_attempts
    left join returned on returned.deployment_id = stream_attempts.deployment_id
),
attributed as (
    -- several repositories are one deployment: what is not known of one is not known of all
    select deployment_id,
        case when bool_and(new_commits is not null) then sum(new_commits) end as new_commits,
        case
            when bool_or(attribution_status = 'unknown') then 'unknown'
            when bool_or(attribution_status = 'exact') then 'exact'
            else 'baseline'
        end as attribution_status,
        bool_or(coalesce(removes_commits, false)) as removes_commits
    from attributed_deployments
    group by deployment_id
),
judged as (
    select compared.deployment_id, compared.first_id, compared.native_id, compared.rollback_of, compared.service,
        compared.environment, compared.track, compared.place,
        -- it counts where another version ran in between
        case when compared.earlier_place < compared.place - 1 then compared.earlier_place end as earlier_place,
        compared.finished_at, compared.mature_at, attributed.new_commits,
        coalesce(attributed.attribution_status, 'unknown') as attribution_status,
        case
            when place = 1 then 'change'
            -- told again, or to what runs already: nothing is taken back
            when version_key = running_key and config_key is not distinct from running_config then 'redeploy'
            when declared_rollback then 'rollback'
            when running_key is null or version_key is null then 'change'
            when version_key = running_key and config_key <> running_config then 'config'
            when version_key = running_key then 'redeploy'
            -- a version that ran before and was replaced since is put back
            when earlier_place is not null then 'rollback'
            -- older than what runs, though never deployed by itself
            when attributed.attribution_status = 'exact' and attributed.new_commits = 0 and removes_commits then 'rollback'
            else 'change'
        end as kind,
        place = 1 as is_baseline
    from compared
    left join attributed on attributed.deployment_id = compared.deployment_id
)
select *,
    -- what it replaced: the last one before it that changed the running version
    lag(case when kind <> 'redeploy' then place end) ignore nulls over (
        partition by service, environment, track order by place
    ) as replaced_place
from judged
