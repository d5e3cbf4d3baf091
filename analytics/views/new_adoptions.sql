-- One row per component scope, period and adoption that an active service began in it, and why it did.
--
-- An adoption belongs to the period and to the team of the instant in which it began. A first activity that
-- is a birth tells one that the catalogue does not: then the component came with the service. Who used it when
-- tracking began did not adopt it.
with days as (
    select day, period_start, period_end, is_partial from calendar where period_start < as_of
),
begun as (
    select days.period_start, days.period_end, days.is_partial,
        adoption_status.* exclude (day, motive, is_prevalent),
        case when adoption_status.motive = 'voluntary' and births.service is not null then 'default'
            else adoption_status.motive end as motive,
        adoption_status.is_prevalent and births.service is null as is_prevalent
    from days
    join adoption_status on adoption_status.day = days.day
    join service_activity on service_activity.service = adoption_status.service
        and service_activity.first_day <= adoption_status.day and service_activity.end_day > adoption_status.day
    left join (select * from births where scope_kind = 'component' and status = 'adopted') as births
        on births.service = adoption_status.service and births.component_id = adoption_status.component_id
        and births.adopted_since = adoption_status.adopted_since
    where adoption_status.status = 'adopted' and adoption_status.valid_from = adoption_status.adopted_since
)
select 'component' as scope_kind, begun.component_id as scope, begun.* from begun
union all
select 'component_team', begun.component_id || '/' || scopes.scope, begun.*
from begun
join scopes on scopes.service = begun.service and scopes.scope_kind = 'team'
    and scopes.valid_from <= begun.valid_from and scopes.valid_to > begun.valid_from
