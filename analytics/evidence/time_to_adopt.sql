-- The services behind a time to adopt: how long they waited, and whether they have adopted.
select service, component_id, starts_at, adopted_at, is_adopted, waited_seconds,
    true as is_counted,
    case when not is_adopted then 'has not adopted: counts with the time that it has waited' end as reason,
    scope_kind, scope, period_start
from adopting
