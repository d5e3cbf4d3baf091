-- The services behind an adoption rate: their status, since when, and by what evidence.
with periods as (
    select period_start, least(period_end, as_of) as read_at, max(day) filter (where day_end <= as_of) as last_day
    from calendar
    where period_start < as_of
    group by period_start, period_end, as_of
),
standing as (
    select adoption_status.*, periods.period_start, periods.read_at
    from periods
    join adoption_status on adoption_status.valid_from < periods.read_at
        and coalesce(adoption_status.valid_to, periods.read_at) >= periods.read_at
    join service_activity on service_activity.service = adoption_status.service
        and periods.last_day >= service_activity.first_day and periods.last_day < service_activity.end_day
),
placed as (
    select 'component' as scope_kind, component_id as scope, standing.*
    from standing
    union all
    select 'component_team', standing.component_id || '/' || scopes.scope, standing.*
    from standing
    join scopes on scopes.service = standing.service and scopes.scope_kind = 'team'
        and scopes.valid_from < standing.read_at and scopes.valid_to >= standing.read_at
)
select standing.service, standing.component_id, standing.status, standing.fit, standing.is_left, standing.motive,
    standing.valid_from as since, standing.evidence_kind, standing.evidence_at, standing.evidence_ref, standing.alternative,
    standing.evidence_url as url,
    standing.fit = 'fits' as is_counted,
    case standing.fit when 'does_not_fit' then 'the component is not made for it' when 'unknown' then 'not known whether it fits' end as reason,
    standing.scope_kind, standing.scope, standing.period_start
from placed as standing
