-- The changes that wait for production, the oldest first.
with periods as (
    select period_start, least(period_end, as_of) as read_at
    from calendar
    where period_start < as_of
    group by period_start, period_end, as_of
),
ways as (
    select service, repository, min(finished_at) as deployed_since,
        min(finished_at) filter (where attribution_status <> 'unknown') as known_since
    from deployments
    where tier = 'production' and changed_running_version and service is not null and repository is not null
    group by service, repository
),
reviewed as (
    select distinct repository from changes where kind = 'pull_request'
),
waiting as (
    select changes.change_id, changes.repository, changes.kind, changes.actor_kind, changes.sha, changes.merged_at, changes.url,
        ways.service, ways.known_since, periods.period_start, periods.read_at, scopes.scope_kind, scopes.scope,
        row_number() over (
            partition by changes.change_id, periods.period_start, scopes.scope_kind, scopes.scope
            order by case when ways.known_since < periods.read_at then 0 else 1 end, ways.service
        ) as place
    from changes
    join ways on ways.repository = changes.repository
        and (changes.services is null or array_has(changes.services, ways.service))
    left join reviewed on reviewed.repository = changes.repository
    left join delivered_changes on delivered_changes.change_id = changes.change_id and delivered_changes.service = ways.service
    join periods on changes.merged_at < periods.read_at and ways.deployed_since < periods.read_at
        and (delivered_changes.deployed_at is null or delivered_changes.deployed_at >= periods.read_at)
    join scopes on scopes.service = ways.service
        and scopes.valid_from < periods.read_at and scopes.valid_to >= periods.read_at
    where changes.origin_id = changes.change_id and not coalesce(changes.is_empty, false)
        and (changes.kind = 'pull_request' or reviewed.repository is null)
)
select change_id, service, repository, kind, actor_kind, sha, merged_at, seconds_between(merged_at, read_at) as age_seconds, url,
    coalesce(known_since < read_at, false) and place = 1 as is_counted,
    case
        when not coalesce(known_since < read_at, false) then 'not known which commits the service has deployed'
        when place > 1 then 'it waits for another service too, and counts once'
    end as reason,
    scope_kind, scope, period_start
from waiting
order by merged_at, change_id, service
