-- The services behind an evidence quality: what is known of each, and where the evidence contradicts itself.
select service, component_id, status, fit, has_conflict, valid_from as since, evidence_kind, evidence_at, confirmed_at,
    evidence_ref, alternative, evidence_url as url,
    fit = 'fits' as is_counted,
    case when fit <> 'fits' then 'the component is not made for it, as far as is known' end as reason,
    scope_kind, scope, period_start
from standings
where edge = 'end'
