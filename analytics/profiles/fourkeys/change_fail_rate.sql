-- Four Keys' change failure rate: rows of deployment, change and incident by distinct deployments.
--
-- Rows are counted above the line and deployments below it: a deployment with two incidents counts
-- twice, and a change that went to staging and to production fails both, so the rate can exceed
-- 100 %. Every environment counts. Rollbacks and reverts without an incident do not count, and
-- nothing waits until it is mature. Without any deployment it says 0, which is its best grade; ours
-- is empty. It grades by 15 % and 46 %.
-- An incident names the commit that caused it as text; the facts tell the deployment instead, and
-- its commit is taken. They tell the instant of a push, not its id and head (see its lead time).
with pushed as (
    select attempts.deployment_id, attempts.service, attempts.finished_at, attempts.day, head.repository, head.pushed_at
    from attempts
    join commits as head on head.repository = attempts.repository and head.sha = attempts.sha
    where attempts.outcome = 'succeeded' and attempts.service is not null and head.pushed_at is not null
),
named as (
    select episode_id, unnest(caused_by_deployment_ids) as deployment_id from incidents
),
blamed as (
    select distinct named.episode_id, attempts.repository, attempts.sha
    from named
    join attempts on attempts.deployment_id = named.deployment_id
),
failed as (
    select pushed.deployment_id, count(*) as incidents
    from pushed
    join commits on commits.repository = pushed.repository and commits.pushed_at = pushed.pushed_at
    join blamed on blamed.repository = commits.repository and blamed.sha = commits.sha
    group by pushed.deployment_id
),
counted as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, count(*) as deployments, sum(failed.incidents) as incidents
    from pushed
    left join failed on failed.deployment_id = pushed.deployment_id
    join calendar on calendar.day = pushed.day
    join scopes on scopes.service = pushed.service
        and pushed.finished_at >= scopes.valid_from and pushed.finished_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, calendar.period_start
),
grid as (
    select known.scope_kind, known.scope, periods.period_start, periods.period_end, periods.is_partial
    from (select distinct scope_kind, scope from scopes) as known
    cross join (select distinct period_start, period_end, is_partial from calendar) as periods
)
select 'share' as statistic, grid.scope_kind, grid.scope, grid.period_start, grid.period_end,
    -- no data is 0 here, which is what this profile is to show
    coalesce(cast(counted.incidents as double) / nullif(counted.deployments, 0), 0.0) as value,
    cast(null as double) as low, cast(null as double) as high, coalesce(counted.deployments, 0) as sample_size,
    cast(coalesce(counted.incidents, 0) as double) as numerator, cast(coalesce(counted.deployments, 0) as double) as denominator,
    cast(null as double) as coverage, grid.is_partial
from grid
left join counted on counted.scope_kind = grid.scope_kind and counted.scope = grid.scope
    and counted.period_start = grid.period_start
