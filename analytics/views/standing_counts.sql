-- One row per component, scope, period and way of standing at its end: how many active services stood so.
with spells as (
    select scope_kind, scope, component_id, fit, status, has_conflict, alternative, from_place, to_place, count(*) as services
    from standing_spells
    group by scope_kind, scope, component_id, fit, status, has_conflict, alternative, from_place, to_place
)
select period_edges.period_start, period_edges.period_end, period_edges.is_partial, spells.* exclude (from_place, to_place)
from period_edges
join spells on spells.from_place <= period_edges.place and spells.to_place >= period_edges.place
where period_edges.edge = 'end'
