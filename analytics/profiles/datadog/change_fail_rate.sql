-- Datadog's change failure rate: deployments that were rolled back or forward, by all deployments.
--
-- Only what a later deployment repaired is a failure: an incident alone is none, while ours takes
-- an incident that names its deployment. All successful production deployments stand below the
-- line, redeployments included, and the newest are not given time to mature, so the rate of the
-- last days is too low. No interval.
-- Rollback: a version that ran before comes back and is not the one just before; the first
-- deployment after the one it returns to has failed. Roll-forward: a later deployment carries the
-- revert of a commit; original and revert in one deployment say nothing.
-- The facts cannot tell its rules on titles, numbers and labels of pull requests (a `hotfix` label
-- fails the deployment before): of those only the revert that names its commit is seen.
with shipped as (
    select deployment_id, service, environment, version_key, finished_at, day,
        row_number() over (partition by service, environment order by finished_at, deployment_id) as place
    from attempts
    where tier = 'production' and outcome = 'succeeded' and service is not null and finished_at is not null
),
compared as (
    select *,
        lag(version_key) over (partition by service, environment order by place) as previous_key,
        max(place) over (
            partition by service, environment, version_key order by place
            rows between unbounded preceding and 1 preceding
        ) as target_place
    from shipped
),
failed as (
    select broken.deployment_id
    from compared
    join shipped as broken on broken.service = compared.service and broken.environment = compared.environment
        and broken.place = compared.target_place + 1
    where compared.version_key <> compared.previous_key
    union
    select broken.deployment_id
    from commits
    join attribution as broken on broken.repository = commits.repository and broken.sha = commits.revert_of
    join attribution as mended on mended.repository = commits.repository and mended.sha = commits.sha
        and mended.service = broken.service and mended.environment = broken.environment
    where broken.attribution_status = 'exact' and mended.deployment_id <> broken.deployment_id
),
counted as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        count(*) as deployments, count(failed.deployment_id) as failures
    from shipped
    left join failed on failed.deployment_id = shipped.deployment_id
    join calendar on calendar.day = shipped.day
    join scopes on scopes.service = shipped.service
        and shipped.finished_at >= scopes.valid_from and shipped.finished_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(failures as double) / nullif(deployments, 0) as value, cast(null as double) as low, cast(null as double) as high,
    deployments as sample_size, cast(failures as double) as numerator, cast(deployments as double) as denominator,
    cast(null as double) as coverage, is_partial
from counted
