-- The services behind teams that have started or completed, with their team.
select service, component_id, substr(scope, length(component_id) + 2) as team, status, fit, is_left, motive,
    valid_from as since, evidence_kind, evidence_at, evidence_ref, alternative, evidence_url as url,
    fit = 'fits' and status <> 'exempt' as is_counted,
    case when fit <> 'fits' then 'the component is not made for it, as far as is known' when status = 'exempt' then 'exempt' end as reason,
    'component' as scope_kind, component_id as scope, period_start
from standings
where edge = 'end' and scope_kind = 'component_team'
