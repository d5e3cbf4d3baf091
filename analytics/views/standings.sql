-- One row per component, scope, period, edge and active service: how the service stood to the component.
--
-- The one place that says which services count at an instant. The edge `end` is the end of the
-- period, or now when it is not over; `start` is where the period begins, so that movements inside a
-- period can be told from levels. The instant itself belongs to what comes after it.
with periods as (
    select period_start, period_end, is_partial, least(period_end, as_of) as ends_at,
        min(day) as first_day, max(day) filter (where day_end <= as_of) as last_day
    from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
),
edges as (
    select 'end' as edge, period_start, period_end, is_partial, ends_at as read_at, last_day as read_day from periods
    union all
    select 'start', period_start, period_end, is_partial, period_start as read_at, cast(cast(first_day as int) - 1 as date) from periods
),
standing as (
    select edges.edge, edges.period_start, edges.period_end, edges.is_partial, edges.read_at, adoption_status.*
    from edges
    join adoption_status on adoption_status.valid_from < edges.read_at
        and coalesce(adoption_status.valid_to, edges.read_at) >= edges.read_at
    join service_activity on service_activity.service = adoption_status.service
        and edges.read_day >= service_activity.first_day and edges.read_day < service_activity.end_day
)
select 'component' as scope_kind, standing.component_id as scope, standing.* from standing
union all
select 'component_team', standing.component_id || '/' || scopes.scope, standing.*
from standing
join scopes on scopes.service = standing.service and scopes.scope_kind = 'team'
    and scopes.valid_from < standing.read_at and scopes.valid_to >= standing.read_at
