-- How each active service stands to each component now, with the evidence: who uses it, who does not and why.
select standings.component_id, standings.service, owners.scope as team, standings.status, standings.known_status, standings.fit,
    array_to_string(standings.fit_reason, ', ') as fit_reason, standings.is_left, standings.left_at, standings.motive,
    standings.adopted_since,
    -- another version, or other evidence, is no new adoption
    coalesce(standings.adopted_since, standings.valid_from) as since,
    standings.eligible_since, standings.evidence_kind,
    standings.evidence_at, standings.confirmed_at, standings.evidence_sha,
    -- a place is one of a commit, and of what is not there the commit is all that can be looked at
    nullif(concat_ws(' ', standings.evidence_ref, 'at commit ' || substr(standings.evidence_sha, 1, 12)), '') as evidence_ref,
    standings.evidence_url, standings.has_conflict,
    standings.alternative, standings.version
from standings
left join scopes as owners on owners.service = standings.service and owners.scope_kind = 'team'
    and owners.valid_from < standings.read_at and owners.valid_to >= standings.read_at
where standings.edge = 'end' and standings.scope_kind = 'component'
order by standings.component_id, standings.service
