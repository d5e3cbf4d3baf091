-- One row per component, scope, period and way of standing at its two edges: how many services stood so.
--
-- Those that stand at the end; what is `before` is null for who did not stand at the start. Of a team those that it
-- had at the start, and no others. The periods of a question follow each other (`Window::between`), so the end of one and the start of the next are one place,
-- and between the two edges of a period there is none: a stretch that begins after the start lasts until the
-- end, and who stood there until the start is the same service before. `is_newborn`: it began to stand so in the period
-- in which it was born, or in the one after that, because it takes a while until somebody looks.
with periods as (
    select ends.period_start, ends.period_end, ends.is_partial, starts.place as start_place, ends.place as end_place
    from (select * from period_edges where edge = 'end') as ends
    join (select * from period_edges where edge = 'start') as starts on starts.period_start = ends.period_start
),
stayed as (
    select scope_kind, scope, component_id, fit, status, known_status, is_left, from_place, to_place, count(*) as services
    from standing_spells
    group by scope_kind, scope, component_id, fit, status, known_status, is_left, from_place, to_place
),
newborn as (
    -- how long ago somebody was born who was there before the first edge is not asked
    select service, edges_before
    from (select service, width_bucket(born_at, (select instants from read_points)) as edges_before from born_services) as born
    where edges_before > 0
),
changed as (
    select after.scope_kind, after.scope, after.component_id, after.from_place - 1 as start_place,
        after.fit, after.status, after.known_status, after.is_left,
        before.fit as fit_before, before.status as status_before, before.known_status as known_status_before,
        before.is_left as is_left_before,
        -- an instant between two periods is an edge of both
        coalesce(newborn.edges_before between after.from_place - 3 and after.from_place - 1, false) as is_newborn,
        count(*) as services
    from (select * from standing_spells where scope_kind = 'component' and from_place > 1) as after
    left join (select * from standing_spells where scope_kind = 'component') as before
        on before.component_id = after.component_id and before.service = after.service
        and before.to_place = after.from_place - 1
    left join newborn on newborn.service = after.service
    group by after.scope_kind, after.scope, after.component_id, after.from_place, after.fit, after.status, after.known_status,
        after.is_left, before.fit, before.status, before.known_status, before.is_left,
        coalesce(newborn.edges_before between after.from_place - 3 and after.from_place - 1, false)
    union all
    -- a team answers for what it had at the start, whoever has it at the end
    select before.scope_kind, before.scope, before.component_id, before.to_place as start_place,
        after.fit, after.status, after.known_status, after.is_left,
        before.fit, before.status, before.known_status, before.is_left, false as is_newborn, count(*) as services
    from (select * from standing_spells where scope_kind = 'component_team') as before
    join (select * from standing_spells where scope_kind = 'component' and to_place > 1) as after
        on after.component_id = before.component_id and after.service = before.service
        and after.from_place <= before.to_place + 1 and after.to_place >= before.to_place + 1
    group by before.scope_kind, before.scope, before.component_id, before.to_place, after.fit, after.status, after.known_status,
        after.is_left, before.fit, before.status, before.known_status, before.is_left
)
select periods.period_start, periods.period_end, periods.is_partial, stayed.scope_kind, stayed.scope, stayed.component_id,
    stayed.fit, stayed.status, stayed.known_status, stayed.is_left,
    stayed.fit as fit_before, stayed.status as status_before, stayed.known_status as known_status_before,
    stayed.is_left as is_left_before, false as is_newborn, stayed.services
from periods
join stayed on stayed.from_place <= periods.start_place and stayed.to_place >= periods.end_place
union all
select periods.period_start, periods.period_end, periods.is_partial, changed.scope_kind, changed.scope, changed.component_id,
    changed.fit, changed.status, changed.known_status, changed.is_left,
    changed.fit_before, changed.status_before, changed.known_status_before, changed.is_left_before, changed.is_newborn,
    changed.services
from periods
join changed on changed.start_place = periods.start_place
