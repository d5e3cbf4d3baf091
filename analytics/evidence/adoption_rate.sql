-- The services behind an adoption rate: their status, since when, and by what evidence.
select service, component_id, status, fit, is_left, motive, valid_from as since, evidence_kind, evidence_at, evidence_ref,
    alternative, evidence_url as url,
    fit = 'fits' as is_counted,
    case fit when 'does_not_fit' then 'the component is not made for it' when 'unknown' then 'not known whether it fits' end as reason,
    scope_kind, scope, period_start
from standings
where edge = 'end'
