-- The known statuses of eligible services, with the instant at which each was last confirmed.
select service, component_id, status, confirmed_at, seconds_between(confirmed_at, read_at) as age_seconds, evidence_kind,
    evidence_ref, evidence_url as url,
    coalesce(confirmed_at < read_at, false) as is_counted,
    case when confirmed_at is null then 'no evidence says so' when confirmed_at >= read_at then 'it was confirmed again later' end
        as reason,
    scope_kind, scope, period_start
from standings
where edge = 'end' and fit = 'fits' and status <> 'unknown'
