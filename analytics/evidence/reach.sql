-- The services behind a reach: their status, since when, and by what evidence.
select service, component_id, status, fit, is_left, motive, valid_from as since, evidence_kind, evidence_at, evidence_ref,
    alternative, evidence_url as url,
    true as is_counted,
    cast(null as varchar) as reason,
    scope_kind, scope, period_start
from standings
where edge = 'end'
