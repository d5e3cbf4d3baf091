-- One row per eligible service of a scope and period and exemption that it had been granted by then, the
-- newest at place 1; without any, one row whose exemption is null.
--
-- Read at the end of the period, or now when it is not over.
select standings.scope_kind, standings.scope, standings.period_start, standings.period_end, standings.is_partial,
    standings.read_at, standings.component_id, standings.service, standings.status, exemption_spells.reason_code,
    exemption_spells.reason as said, exemption_spells.opened_at, exemption_spells.review_at, exemption_spells.expires_at,
    row_number() over (
        partition by standings.scope_kind, standings.scope, standings.period_start, standings.service
        order by exemption_spells.opened_at desc nulls last
    ) as place
from standings
left join exemption_spells on exemption_spells.component_id = standings.component_id
    and exemption_spells.service = standings.service and exemption_spells.opened_at < standings.read_at
where standings.edge = 'end' and standings.fit = 'fits'
