-- One row per ticket, without the person who asked.
--
-- `outcome` is fulfilled, declined, answered, duplicate or unknown; null until it is closed.
with told as (
    select * from observed.tickets where part_of is null and not is_deleted
)
select entity_id as ticket_id, key, components[1] as component_id, requester_team as requester_scope, type as class,
    opened_at, first_response_at, closed_at, usable_at, coalesce(reopen_count, 0) as reopen_count, outcome,
    routed_side, closed_side, cast(worklog_ms as double) / 1000.0 as worklog_seconds,
    local_day(opened_at) as day, local_day(closed_at) as closed_day, url
from told
