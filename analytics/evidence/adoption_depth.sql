-- The services and components behind an adoption depth.
select standings.service, standings.component_id, standings.status, standings.fit, standings.valid_from as since,
    standings.evidence_kind, standings.evidence_at, standings.evidence_ref, standings.alternative, standings.evidence_url as url,
    standings.fit = 'fits' as is_counted,
    case when standings.fit <> 'fits' then 'the component is not made for it, as far as is known' end as reason,
    scopes.scope_kind, scopes.scope, standings.period_start
from standings
join scopes on scopes.service = standings.service
    and scopes.valid_from < standings.read_at and scopes.valid_to >= standings.read_at
where standings.edge = 'end' and standings.scope_kind = 'component'
