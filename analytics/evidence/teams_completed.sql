-- The services behind teams that have started or completed, with their team.
with stood as (
    select *, substr(scope, length(component_id) + 2) as team from standings where edge = 'end' and scope_kind = 'component_team'
),
placed as (
    select scope_kind as asked_kind, scope as asked, * from stood
    union all
    select 'component', component_id, * from stood
)
select service, component_id, team, status, fit, is_left, motive,
    valid_from as since, evidence_kind, evidence_at, evidence_ref, alternative, evidence_url as url,
    fit = 'fits' and status <> 'exempt' as is_counted,
    case when fit <> 'fits' then 'the component is not made for it, as far as is known' when status = 'exempt' then 'exempt' end as reason,
    asked_kind as scope_kind, asked as scope, period_start
from placed
