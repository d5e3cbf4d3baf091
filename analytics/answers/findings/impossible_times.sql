-- Things whose own times contradict each other, or lie before the year 2000 or more than a day after now.
--
-- Not limited to the window: what has an impossible time has an impossible day too.
with bounds as (
    select max(as_of) as as_of, plus_seconds(max(as_of), 86400) as latest_at from calendar
),
earliest as (
    select arrow_cast('2000-01-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))') as earliest_at
),
impossible as (
    select 'a deployment that ends before it starts' as subject, deployment_id as id, native_id as example, finished_at as at, url
    from deployments
    where finished_at < started_at
    union all
    select 'a deployment long before or after its time' as subject, deployment_id as id, native_id as example, finished_at as at, url
    from deployments cross join bounds cross join earliest
    where finished_at < earliest_at or finished_at > latest_at
    union all
    select 'a pipeline run that ends before it starts' as subject, run_id as id, run_id as example, finished_at as at, url
    from ci_runs
    where finished_at < started_at
    union all
    select 'a pipeline run long before or after its time' as subject, run_id as id, run_id as example, finished_at as at, url
    from ci_runs cross join bounds cross join earliest
    where finished_at < earliest_at or finished_at > latest_at
    union all
    select 'a pull request that was merged before it was opened' as subject, change_id as id, change_id as example, merged_at as at, url
    from changes
    where merged_at < opened_at
    union all
    select 'a change long before or after its time' as subject, change_id as id, change_id as example, committed_at as at, url
    from changes cross join bounds cross join earliest
    where committed_at < earliest_at or committed_at > latest_at
    union all
    select 'an incident long before or after its time' as subject, episode_id as id, incident_id as example, started_at as at, url
    from incidents cross join bounds cross join earliest
    where started_at < earliest_at or started_at > latest_at
)
select subject, count(*) as items, max(at) as newest_at,
    first_value(example order by at desc, id) as example,
    first_value(url order by at desc, id) as url,
    cast(null as varchar) as suggestion
from impossible
group by subject
order by items desc, subject
