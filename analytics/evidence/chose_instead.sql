-- The services off the path: what they use instead, since when, and by what evidence.
select service, component_id, alternative, status, is_left, valid_from as since, evidence_kind, evidence_at, evidence_ref,
    evidence_url as url,
    true as is_counted,
    case when alternative is null then 'nothing else was detected' end as reason,
    scope_kind, scope, period_start
from standings
where edge = 'end' and fit = 'fits' and status = 'off_path'
