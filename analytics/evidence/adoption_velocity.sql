-- The services behind an adoption velocity: how long they waited.
select service, component_id, starts_at, adopted_at, is_adopted, waited_seconds,
    seconds_between(starts_at, read_at) >= 7776000.0
        and ((is_adopted and waited_seconds <= 7776000.0) or waited_seconds >= 7776000.0) as is_counted,
    case
        when seconds_between(starts_at, read_at) < 7776000.0 then 'its ninety days are not over'
        when not is_adopted and waited_seconds < 7776000.0 then 'fell asleep or stopped fitting before'
    end as reason,
    scope_kind, scope, period_start
from adopting
