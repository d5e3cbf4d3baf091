-- One row per scope and period: how many of its services were in production when it ended, and of how
-- many it is known which commits.
--
-- Read at the end of the period, or now when it is not over; the coverage of what waits.
with periods as (
    select period_start, period_end, is_partial, least(period_end, as_of) as read_at
    from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
)
select scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial,
    count(distinct ways.service) as services,
    count(distinct case when ways.known_since < periods.read_at then ways.service end) as with_commits
from periods
join ways_to_production as ways on ways.deployed_since < periods.read_at
join scopes on scopes.service = ways.service
    and scopes.valid_from < periods.read_at and scopes.valid_to >= periods.read_at
group by scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial
