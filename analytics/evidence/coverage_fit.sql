-- The services behind a coverage: for which the component is made, and if not, why.
select service, component_id, status, fit, is_left, motive, valid_from as since, evidence_kind, evidence_at, evidence_ref,
    alternative, evidence_url as url,
    true as is_counted,
    array_to_string(fit_reason, '; ') as reason,
    scope_kind, scope, period_start
from standings
where edge = 'end'
