-- One row per eligible service of a scope and period and exemption that it had been granted by then, the
-- newest at place 1.
--
-- Read at the end of the period, or now when it is not over.
with granted as (
    -- exemptions are few and services are many, so these are put in order before the services come
    select exemption_spells.*, ends.period_start,
        row_number() over (
            partition by ends.period_start, exemption_spells.component_id, exemption_spells.service
            order by exemption_spells.opened_at desc
        ) as place
    from (select * from period_edges where edge = 'end') as ends
    join exemption_spells on exemption_spells.opened_at < ends.read_at
)
select standings.scope_kind, standings.scope, standings.period_start, standings.period_end, standings.is_partial,
    standings.read_at, standings.component_id, standings.service, standings.status, granted.reason_code,
    granted.reason as said, granted.opened_at, granted.review_at, granted.expires_at, granted.place
from standings
join granted on granted.component_id = standings.component_id and granted.service = standings.service
    and granted.period_start = standings.period_start
where standings.edge = 'end' and standings.fit = 'fits'
