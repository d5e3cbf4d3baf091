-- The weeks of every migration from one component to another: levels and movements, oldest first.
--
-- In scope is whom the new component is made for. Done is who uses it and, as far as was last known, no more of the
-- old one: both together are in progress. The rest is meant as in the weeks of a single component, whose columns these
-- are. A service stands in the same way from one change of either component to the next, and is counted before such
-- stretches are laid out by week.
with sides as (
    select migration_id, new_component_id as component_id, true as is_new from migrations where old_component_id is not null
    union all
    select migration_id, old_component_id, false from migrations where old_component_id is not null
),
changes as (
    -- where nobody stands any more, nothing is so
    select sides.migration_id, spells.service, sides.is_new,
        case when ends.begins then spells.from_place else spells.to_place + 1 end as place,
        begins and fit = 'fits' as is_eligible,
        begins and fit = 'fits' and known_status is not null as is_known,
        begins and fit = 'fits' and coalesce(known_status, '') = 'adopted' as is_adopted,
        begins and fit = 'fits' and status = 'exempt' as is_exempt,
        begins and coalesce(known_status, '') in ('adopted', 'partial') as is_used,
        begins and known_status is not null and status = 'unknown' as is_lost
    from sides
    join (select * from standing_spells where scope_kind = 'component') as spells on spells.component_id = sides.component_id
    cross join (values (true), (false)) as ends(begins)
),
changed as (
    select migration_id, service, place,
        bool_or(is_eligible) filter (where is_new) as is_eligible, bool_or(is_known) filter (where is_new) as is_known,
        bool_or(is_adopted) filter (where is_new) as is_adopted, bool_or(is_exempt) filter (where is_new) as is_exempt,
        bool_or(is_lost) filter (where is_new) as is_lost,
        bool_or(is_used) filter (where not is_new) as is_old_used, bool_or(is_lost) filter (where not is_new) as is_old_lost
    from changes
    group by migration_id, service, place
),
carried as (
    select migration_id, service, place as from_place, lead(place) over stretch - 1 as to_place,
        last_value(is_eligible) ignore nulls over stretch as is_eligible,
        last_value(is_known) ignore nulls over stretch as is_known,
        last_value(is_adopted) ignore nulls over stretch as is_adopted,
        last_value(is_exempt) ignore nulls over stretch as is_exempt,
        last_value(is_lost) ignore nulls over stretch as is_lost,
        last_value(is_old_used) ignore nulls over stretch as is_old_used,
        last_value(is_old_lost) ignore nulls over stretch as is_old_lost
    from changed
    window stretch as (partition by migration_id, service order by place)
),
stood as (
    select migration_id, service, from_place, to_place,
        coalesce(is_eligible, false) as is_eligible, coalesce(is_known, false) as is_known,
        coalesce(is_exempt, false) as is_exempt,
        coalesce(is_adopted, false) and not coalesce(is_old_used, false) as is_done,
        coalesce(is_lost, false) or coalesce(is_old_lost, false) as is_lost
    from carried
),
moved as (
    select *,
        coalesce(lag(is_eligible) over stretch, false) as was_eligible,
        coalesce(lag(is_known) over stretch, false) as was_known,
        coalesce(lag(is_done) over stretch, false) as was_done
    from stood
    window stretch as (partition by migration_id, service order by from_place)
),
born as (
    select service, width_bucket(born_at, (select instants from read_points)) as edges_before from born_services
),
counted as (
    select moved.migration_id, moved.from_place, moved.to_place, moved.is_eligible, moved.is_known, moved.is_exempt,
        moved.is_done, moved.is_lost, moved.was_eligible, moved.was_known, moved.was_done,
        -- in the week or in the one before it; an instant between two weeks is an edge of both
        coalesce(born.edges_before > 0 and born.edges_before between moved.from_place - 3 and moved.from_place - 1, false)
            as is_newborn,
        count(*) as services
    from moved
    left join born on born.service = moved.service
    where moved.to_place is not null
    group by moved.migration_id, moved.from_place, moved.to_place, moved.is_eligible, moved.is_known, moved.is_exempt,
        moved.is_done, moved.is_lost, moved.was_eligible, moved.was_known, moved.was_done,
        coalesce(born.edges_before > 0 and born.edges_before between moved.from_place - 3 and moved.from_place - 1, false)
),
weeks as (
    select counted.*, ends.period_start, ends.period_end, ends.is_partial, counted.from_place - 1 = starts.place as is_first
    from (select * from period_edges where edge = 'end') as ends
    join (select * from period_edges where edge = 'start') as starts on starts.period_start = ends.period_start
    join counted on counted.from_place <= ends.place and counted.to_place >= ends.place
)
select migration_id, period_start as week_start, period_end as week_end, is_partial,
    coalesce(sum(services) filter (where is_eligible), 0) as eligible,
    coalesce(sum(services) filter (where is_first and is_done and was_known and not was_done), 0) as completed,
    coalesce(sum(services) filter (where is_first and is_eligible and not is_done and was_done), 0) as returned,
    coalesce(sum(services) filter (where is_first and is_eligible and not is_done and not was_eligible), 0) as entered,
    coalesce(sum(services) filter (where is_first and is_known and not is_done and not is_exempt and is_newborn and not was_known), 0)
        as leaks,
    coalesce(sum(services) filter (where is_eligible and not is_done), 0) as remaining,
    coalesce(sum(services) filter (where is_eligible and not is_done and is_exempt), 0) as held,
    coalesce(sum(services) filter (where is_done and is_lost), 0) as unconfirmed
from weeks
group by migration_id, period_start, period_end, is_partial
order by migration_id, week_start
