-- The services behind a new-service default rate: born in the period, and what they began with.
with periods as (
    select period_start, period_end, as_of from calendar where period_start < as_of group by period_start, period_end, as_of
)
select births.service, births.component_id, births.born_at, births.status, births.motive, births.alternative, births.evidence_ref,
    births.evidence_url as url,
    births.settled_at <= periods.as_of and births.status <> 'unknown' as is_counted,
    case when births.settled_at > periods.as_of then 'seven days are not over' when births.status = 'unknown' then 'status unknown' end as reason,
    births.scope_kind, births.scope, periods.period_start
from periods
join births on births.born_at >= periods.period_start and births.born_at < periods.period_end
