-- One row per scope, period and change that waits for production when the period ends: how long it has.
--
-- Read at the end of the period, or now when it is not over. A change that waits for several services
-- of a scope stands there once. Services whose deployed commits are not known are left out, because
-- what they still wait for cannot be told; `deployed_services` counts them.
with periods as (
    select period_start, least(period_end, as_of) as read_at
    from calendar
    where period_start < as_of
    group by period_start, period_end, as_of
),
bounds as (
    select min(read_at) as first_at, max(read_at) as last_at from periods
),
awaited as (
    -- all that waited at some time between the first reading and the last
    select awaited_lately.change_id, awaited_lately.service, awaited_lately.merged_at,
        awaited_lately.known_since, awaited_lately.deployed_at
    from awaited_lately
    cross join bounds
    where awaited_lately.merged_at < bounds.last_at
        and (awaited_lately.deployed_at is null or awaited_lately.deployed_at >= bounds.first_at)
        and not awaited_lately.is_copy and not awaited_lately.is_empty
)
select distinct scopes.scope_kind, scopes.scope, periods.period_start, awaited.change_id,
    seconds_between(awaited.merged_at, periods.read_at) as age_seconds
from periods
join awaited on awaited.merged_at < periods.read_at and awaited.known_since < periods.read_at
    and (awaited.deployed_at is null or awaited.deployed_at >= periods.read_at)
join scopes on scopes.service = awaited.service
    and scopes.valid_from < periods.read_at and scopes.valid_to >= periods.read_at
