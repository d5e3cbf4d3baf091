-- DevLake's lead time for changes: the cycle time of pull requests, from the first commit to the
-- deployment, each part rounded up to whole minutes; the lower median.
--
-- Coding is opened − first commit and counts as 0 when it is negative or unknown; so does deploying,
-- finished − merged; a missing part shortens the number, ours leaves the change out. The lower
-- median takes the lower of two middle rows ({100, 200} gives 100, ours 150). Commits without a
-- pull request do not count. A pull request belongs to the production deployment that started
-- first, once in a project. The first deployment of a service, repository and environment has no
-- predecessor to differ from, so it delivers nothing; here we agree. Bots count. No minimum of rows
-- and no interval.
-- The facts tell no difference of each pair of deployments: a commit belongs to the first one that
-- contains it, so what a rollback and the deployment after it would deliver a second time is not
-- seen. The first commit is bounded by its first push where that was earlier.
with shipped as (
    select deployment_id, service, coalesce(started_at, created_at, finished_at) as started_at, finished_at, day,
        -- one chain for each service, repository and environment, by the end of the deployment
        lag(deployment_id) over (
            partition by service, repository, environment order by finished_at, deployment_id
        ) as predecessor
    from deployments
    where tier = 'production' and outcome = 'succeeded' and service is not null and repository is not null
        and finished_at is not null
),
carried as (
    select changes.change_id, shipped.service, shipped.deployment_id, shipped.started_at, shipped.finished_at, shipped.day,
        ceil(seconds_between(changes.committed_at, changes.opened_at) / 60.0) as coding_minutes,
        ceil(seconds_between(changes.opened_at, changes.merged_at) / 60.0) as merging_minutes,
        ceil(seconds_between(changes.merged_at, shipped.finished_at) / 60.0) as deploying_minutes
    from changes
    join attribution on attribution.repository = changes.repository and attribution.sha = changes.sha
    join shipped on shipped.deployment_id = attribution.deployment_id
    where changes.kind = 'pull_request' and shipped.predecessor is not null
),
chosen as (
    select scopes.scope_kind, scopes.scope, carried.day,
        case when carried.coding_minutes > 0 then carried.coding_minutes else 0.0 end + carried.merging_minutes
            + case when carried.deploying_minutes > 0 then carried.deploying_minutes else 0.0 end as cycle_minutes,
        row_number() over (
            partition by scopes.scope_kind, scopes.scope, carried.change_id order by carried.started_at, carried.deployment_id
        ) as choice
    from carried
    join scopes on scopes.service = carried.service
        and carried.finished_at >= scopes.valid_from and carried.finished_at < scopes.valid_to
),
ranked as (
    select chosen.scope_kind, chosen.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        chosen.cycle_minutes,
        percent_rank() over (
            partition by chosen.scope_kind, chosen.scope, calendar.period_start order by chosen.cycle_minutes
        ) as rank
    from chosen
    join calendar on calendar.day = chosen.day
    where chosen.choice = 1 and chosen.cycle_minutes is not null
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    60.0 * max(cycle_minutes) filter (where rank <= 0.5) as value, cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from ranked
group by scope_kind, scope, period_start, period_end, is_partial
