-- One row per attempt that takes part in its stream: its place there, and of what kind it is.
with reached as (
    -- a further target in the same environment receives what runs there already, as far as the stream knows
    select attempts.*, coalesce(attempts.rollout_of, attempts.deployment_id) as first_id,
        row_number() over (
            partition by attempts.service, attempts.environment, attempts.track order by attempts.finished_at, attempts.deployment_id
        ) as place
    from attempts
    left join attempts as first_target on first_target.deployment_id = attempts.rollout_of
    where attempts.outcome = 'succeeded' and attempts.reached and attempts.service is not null and attempts.finished_at is not null
        and (first_target.environment is null or first_target.environment <> attempts.environment)
),
compared as (
    select *,
        lag(version_key) over (partition by service, environment, track order by place) as running_key,
        lag(config_key) over (partition by service, environment, track order by place) as running_config,
        -- where this version last ran before
        max(place) over (
            partition by service, environment, track, version_key order by place
            rows between unbounded preceding and 1 preceding
        ) as earlier_place
    from reached
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
)
select compared.deployment_id, compared.first_id, compared.native_id, compared.rollback_of, compared.service, compared.environment,
    compared.track, compared.place,
    -- it counts where another version ran in between
    case when compared.earlier_place < compared.place - 1 then compared.earlier_place end as earlier_place, compared.finished_at, compared.mature_at, attributed.new_commits,
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
