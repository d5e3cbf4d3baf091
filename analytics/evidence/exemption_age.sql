-- The open exemptions and how old they are.
with newest as (
    select standings.scope_kind, standings.scope, standings.period_start, standings.read_at, standings.component_id,
        standings.service, exemption_spells.reason_code, exemption_spells.reason as said, exemption_spells.opened_at,
        exemption_spells.expires_at,
        row_number() over (
            partition by standings.scope_kind, standings.scope, standings.period_start, standings.service
            order by exemption_spells.opened_at desc
        ) as place
    from standings
    join exemption_spells on exemption_spells.component_id = standings.component_id
        and exemption_spells.service = standings.service and exemption_spells.opened_at < standings.read_at
    where standings.edge = 'end' and standings.fit = 'fits'
)
select service, component_id, seconds_between(opened_at, read_at) as age_seconds, reason_code, said, opened_at, expires_at,
    place = 1 and expires_at >= read_at as is_counted,
    case when place > 1 then 'a later exemption took its place' when expires_at < read_at then 'it has ended' end as reason,
    scope_kind, scope, period_start
from newest
