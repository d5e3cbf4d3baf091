-- The changes that wait for production and how long they have, the oldest first.
with periods as (
    select period_start, least(period_end, as_of) as read_at
    from calendar
    where period_start < as_of
    group by period_start, period_end, as_of
),
waiting as (
    select awaited_lately.*, periods.period_start, periods.read_at, scopes.scope_kind, scopes.scope,
        row_number() over (
            partition by awaited_lately.change_id, periods.period_start, scopes.scope_kind, scopes.scope
            order by case when awaited_lately.known_since < periods.read_at then 0 else 1 end, awaited_lately.service
        ) as place
    from awaited_lately
    join periods on awaited_lately.merged_at < periods.read_at and awaited_lately.deployed_since < periods.read_at
        and (awaited_lately.deployed_at is null or awaited_lately.deployed_at >= periods.read_at)
    join scopes on scopes.service = awaited_lately.service
        and scopes.valid_from < periods.read_at and scopes.valid_to >= periods.read_at
    where not awaited_lately.is_copy and not awaited_lately.is_empty
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
