-- One row per service that deployed, built or changed in a window: how much of it the numbers can use.
--
-- Shares are counts of two columns: deployments whose environment has a tier, production deployments
-- whose commits are known, changes whose clocks agree. The least covered services come first.
with deployed as (
    select service, count(*) as attempts,
        count(*) filter (where tier <> 'unknown') as attempts_with_tier,
        count(*) filter (where tier = 'production' and changed_running_version) as deployments,
        count(*) filter (where tier = 'production' and changed_running_version and attribution_status <> 'unknown')
            as deployments_with_commits,
        max(finished_at) as newest_deployment_at
    from deployments
    where service is not null and day between (select min(day) from calendar) and (select max(day) from calendar)
    group by service
),
delivered as (
    select service, count(*) as changes, count(*) filter (where excluded <> 'skew' or excluded is null) as changes_with_clock
    from delivered_changes
    where day between (select min(day) from calendar) and (select max(day) from calendar)
    group by service
),
built as (
    select service, count(*) as runs, max(finished_at) as newest_run_at
    from ci_runs
    where service is not null and day between (select min(day) from calendar) and (select max(day) from calendar)
    group by service
),
named as (
    select unnest(services) as service from incidents where services is not null
    union
    select deployments.service
    from (select unnest(caused_by_deployment_ids) as deployment_id from incidents
        where caused_by_deployment_ids is not null) as caused
    join deployments on deployments.deployment_id = caused.deployment_id
),
owners as (
    select service, max(owner) as owner from service_owners where valid_to is null group by service
),
seen as (
    select service from deployed
    union
    select service from built
)
select seen.service, owners.owner,
    coalesce(attempts, 0) as attempts, coalesce(attempts_with_tier, 0) as attempts_with_tier,
    coalesce(deployments, 0) as deployments, coalesce(deployments_with_commits, 0) as deployments_with_commits,
    coalesce(changes, 0) as changes, coalesce(changes_with_clock, 0) as changes_with_clock,
    coalesce(runs, 0) as runs, named.service is not null as has_incidents, newest_deployment_at, newest_run_at
from seen
left join deployed on deployed.service = seen.service
left join delivered on delivered.service = seen.service
left join built on built.service = seen.service
left join named on named.service = seen.service
left join owners on owners.service = seen.service
order by cast(coalesce(deployments_with_commits, 0) as double) / nullif(deployments, 0) nulls last, seen.service
