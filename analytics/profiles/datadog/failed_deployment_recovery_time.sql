-- Datadog's failed deployment recovery time: from the end of the deployment that failed to the end
-- of the deployment that repaired it; the median.
--
-- The clock starts with the deployment, ours when users were impaired. Only failures that a later
-- deployment repaired have a time: what is still broken, or was mended without a deployment, is
-- left out, while ours keeps it as open. A failure counts in the period of its own deployment.
-- What fails and what repairs is found as for its change failure rate, with the same limits.
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
repaired as (
    -- an earlier version comes back
    select broken.deployment_id, compared.finished_at as repaired_at
    from compared
    join shipped as broken on broken.service = compared.service and broken.environment = compared.environment
        and broken.place = compared.target_place + 1
    where compared.version_key <> compared.previous_key
    union all
    -- a later deployment carries the revert of a commit
    select broken.deployment_id, mended.deployed_at
    from commits
    join attribution as broken on broken.repository = commits.repository and broken.sha = commits.revert_of
    join attribution as mended on mended.repository = commits.repository and mended.sha = commits.sha
        and mended.service = broken.service and mended.environment = broken.environment
    where broken.attribution_status = 'exact' and mended.deployment_id <> broken.deployment_id
),
recovered as (
    select shipped.deployment_id, shipped.service, shipped.finished_at, shipped.day,
        seconds_between(shipped.finished_at, min(repaired.repaired_at)) as recovery_seconds
    from repaired
    join shipped on shipped.deployment_id = repaired.deployment_id
    group by shipped.deployment_id, shipped.service, shipped.finished_at, shipped.day
)
select 'p50' as statistic, scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end,
    median(recovered.recovery_seconds) as value, cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, calendar.is_partial
from recovered
join calendar on calendar.day = recovered.day
join scopes on scopes.service = recovered.service
    and recovered.finished_at >= scopes.valid_from and recovered.finished_at < scopes.valid_to
group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
