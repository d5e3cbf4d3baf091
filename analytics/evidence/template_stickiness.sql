-- The services behind a stickiness: born in the period with the component, and whether it is used still.
with periods as (
    select period_start, period_end, as_of from calendar where period_start < as_of group by period_start, period_end, as_of
)
select births.service, births.component_id, births.born_at, births.status, births.motive,
    births.later_status, births.later_alternative as alternative, births.later_evidence_ref as evidence_ref,
    births.evidence_url as url,
    births.stays_at <= periods.as_of as is_counted,
    case when births.stays_at > periods.as_of then 'ninety days are not over' end as reason,
    births.scope_kind, births.scope, periods.period_start
from periods
join births on births.born_at >= periods.period_start and births.born_at < periods.period_end
where births.status = 'adopted'
