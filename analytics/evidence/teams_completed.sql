-- The services behind teams that have started or completed, with their team.
with stood as (
    select service, component_id, substr(scope, length(component_id) + 2) as team, status, fit, is_left, motive,
        valid_from as since, evidence_kind, evidence_at, evidence_ref, alternative, evidence_url as url, scope as team_scope, period_start
    from standings
    where edge = 'end' and scope_kind = 'component_team'
),
placed as (
    select 'component' as scope_kind, component_id as scope, stood.* from stood
    union all
    select 'component_team', team_scope as scope, stood.* from stood
)
select service, component_id, team, status, fit, is_left, motive, since, evidence_kind, evidence_at, evidence_ref, alternative, url,
    fit = 'fits' and status <> 'exempt' as is_counted,
    case when fit <> 'fits' then 'the component is not made for it, as far as is known' when status = 'exempt' then 'exempt' end as reason,
    scope_kind, scope, period_start
from placed
