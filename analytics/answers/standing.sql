-- How each active service stands to each component now, with the evidence: who uses it, who does not and why.
select standings.component_id, standings.service, owners.scope as team,
    status, known_status, fit, array_to_string(fit_reason, ', ') as fit_reason,
    is_left, left_at, motive, adopted_since, valid_from as since, eligible_since, evidence_kind, evidence_at, confirmed_at,
    evidence_ref, evidence_url, has_conflict, alternative, version
from standings
left join scopes as owners on owners.service = standings.service and owners.scope_kind = 'team'
    and owners.valid_from < standings.read_at and owners.valid_to >= standings.read_at
where standings.edge = 'end' and standings.scope_kind = 'component'
order by standings.component_id, standings.status, standings.service
