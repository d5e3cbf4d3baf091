-- The open exemptions and how old they are.
select service, component_id, seconds_between(opened_at, read_at) as age_seconds, reason_code, said, opened_at, expires_at,
    place = 1 and expires_at >= read_at as is_counted,
    case when place > 1 then 'a later exemption took its place' when expires_at < read_at then 'it has ended' end as reason,
    scope_kind, scope, period_start
from standing_exemptions
