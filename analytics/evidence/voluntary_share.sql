-- The adoptions behind a voluntary share, with their motive.
with joined as (
    select calendar.period_start, adoption_status.*, begun.service is not null as is_birth
    from calendar
    join adoption_status on adoption_status.day = calendar.day
    left join (select * from births where scope_kind = 'component' and status = 'adopted') as begun
        on begun.service = adoption_status.service and begun.component_id = adoption_status.component_id
        and begun.adopted_since = adoption_status.adopted_since
    where adoption_status.status = 'adopted' and adoption_status.valid_from = adoption_status.adopted_since
        and calendar.period_start < calendar.as_of
),
placed as (
    select 'component' as scope_kind, component_id as scope, joined.* from joined
    union all
    select 'component_team', joined.component_id || '/' || scopes.scope, joined.*
    from joined
    join scopes on scopes.service = joined.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= joined.valid_from and scopes.valid_to > joined.valid_from
)
select service, component_id,
    case when motive = 'voluntary' and is_birth then 'default' else motive end as motive,
    adopted_since, evidence_kind, evidence_at, evidence_ref, evidence_url as url,
    not is_prevalent or is_birth as is_counted,
    case when is_prevalent and not is_birth then 'used it when tracking began' end as reason,
    scope_kind, scope, period_start
from placed
