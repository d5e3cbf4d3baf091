-- Four Keys' time to restore services: from the deployment that caused an incident, or from the
-- incident if that is earlier, to its end, in whole hours; the median.
--
-- The clock may start before anybody was hurt, at the deployment; ours starts with the impact. Hours
-- are cut, so 59 minutes are 0. Open incidents are left out, so they make the number better; ours
-- keeps them. Without any row it says "One year"; the value here is empty. It grades as for its
-- lead time.
-- An incident names the commit that caused it as text; the facts tell the deployment instead, and
-- its commit is taken. They tell the instant of a push, not its id and head (see its lead time).
with pushed as (
    select attempts.finished_at, head.repository, head.pushed_at
    from attempts
    join commits as head on head.repository = attempts.repository and head.sha = attempts.sha
    where attempts.outcome = 'succeeded' and attempts.service is not null and head.pushed_at is not null
),
named as (
    select episode_id, unnest(caused_by_deployment_ids) as deployment_id from incidents
),
rooted as (
    select named.episode_id, min(pushed.finished_at) as deployed_at
    from named
    join attempts on attempts.deployment_id = named.deployment_id
    join commits on commits.repository = attempts.repository and commits.sha = attempts.sha
    join pushed on pushed.repository = commits.repository and pushed.pushed_at = commits.pushed_at
    group by named.episode_id
),
timed as (
    select incidents.episode_id, incidents.services, incidents.resolved_at,
        least(incidents.started_at, coalesce(rooted.deployed_at, incidents.started_at)) as started_at
    from incidents
    left join rooted on rooted.episode_id = incidents.episode_id
    where incidents.resolved_at is not null
),
affected as (
    select episode_id, started_at, resolved_at, unnest(services) as service from timed
),
placed as (
    select distinct scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial,
        affected.episode_id, floor(seconds_between(affected.started_at, affected.resolved_at) / 3600.0) as hours
    from affected
    join (select distinct period_start, period_end, is_partial from calendar) as periods
        on affected.started_at >= periods.period_start and affected.started_at < periods.period_end
    join scopes on scopes.service = affected.service
        and affected.started_at >= scopes.valid_from and affected.started_at < scopes.valid_to
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    3600.0 * median(hours) as value, cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from placed
group by scope_kind, scope, period_start, period_end, is_partial
