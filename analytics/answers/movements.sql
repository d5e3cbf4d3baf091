-- Who moved in a window: joined, left, was exempted, became eligible, or was born off the path.
--
-- A movement is a spell that began in the window with what was there before. An adoption that only
-- was not seen for a while is no movement, and a service that fell asleep has not left. Born off the path are the
-- leaks of the weeks, one by one: each since it has stood as it did at the end of its week, or does now.
with bounds as (
    select min(period_start) as begins_at, least(max(period_end), max(as_of)) as ends_at from calendar
),
inside as (
    select adoption_status.*
    from adoption_status
    cross join bounds
    where adoption_status.valid_from >= bounds.begins_at and adoption_status.valid_from < bounds.ends_at
),
before as (
    select spells.service, spells.component_id, spells.valid_from,
        lag(spells.status) over (partition by spells.service, spells.component_id order by spells.valid_from) as status_before,
        lag(spells.fit) over (partition by spells.service, spells.component_id order by spells.valid_from) as fit_before,
        lag(spells.known_status) over (partition by spells.service, spells.component_id order by spells.valid_from) as known_before
    from adoption_status as spells
    left semi join inside on inside.service = spells.service and inside.component_id = spells.component_id
),
alive as (
    select inside.*, before.status_before, before.fit_before, before.known_before, newborn.service is not null as is_birth
    from inside
    join before on before.service = inside.service and before.component_id = inside.component_id
        and before.valid_from = inside.valid_from
    join service_activity on service_activity.service = inside.service
        and inside.day >= service_activity.first_day and inside.day < service_activity.end_day
    left join (select * from births where scope_kind = 'component' and status = 'adopted') as newborn
        on newborn.service = inside.service and newborn.component_id = inside.component_id
        and newborn.adopted_since = inside.adopted_since
),
moved as (
    select alive.*,
        case
            -- who was born under our eyes began with it, also where the first look found it
            when status = 'adopted' and valid_from = adopted_since and (not is_prevalent or is_birth) then 'joined'
            when is_left and valid_from = left_at then 'left'
            -- an exemption of who was last known to use it and is only not seen takes nobody away yet
            when status = 'exempt' and coalesce(known_status, status) <> 'adopted'
                and (coalesce(status_before, 'unknown') <> 'exempt' or known_before = 'adopted') then 'exempt'
            -- before the first finding nobody could say that it fits
            when fit = 'fits' and fit_before = 'does_not_fit' and status <> 'adopted' then 'eligible'
        end as kind
    from alive
),
born as (
    -- since the beginning of the week before the window, and a changed clock
    select born_services.service, born_services.born_at, cast(cast(born_services.born_at as date) as int) as day
    from born_services
    cross join bounds
    where born_services.born_at >= plus_seconds(bounds.begins_at, -86400 * 15) and born_services.born_at < bounds.ends_at
),
mondays as (
    -- those around the birth, whatever the zone; day 0 was a Thursday
    select born.service, born.born_at, weeks.place,
        local_midnight(cast(born.day - (born.day + 3) % 7 + 7 * (weeks.place - 2) as date)) as fortnight_began_at,
        local_midnight(cast(born.day - (born.day + 3) % 7 + 7 * weeks.place as date)) as week_ended_at
    from born
    cross join (values (-1), (0), (1), (2), (3)) as weeks(place)
),
stood as (
    select looks.service, looks.place, spells.component_id, spells.status, spells.known_status, spells.alternative,
        spells.evidence_ref, spells.evidence_sha, spells.evidence_url,
        looks.born_at >= looks.fortnight_began_at and looks.born_at < looks.week_ended_at as is_newborn,
        greatest(spells.valid_from, looks.born_at, local_midnight(service_activity.first_day)) as since
    from (select mondays.*, least(week_ended_at, ends_at) as read_at from mondays cross join bounds) as looks
    join adoption_status as spells on spells.service = looks.service
        and spells.valid_from < looks.read_at and (spells.valid_to is null or spells.valid_to >= looks.read_at)
    join service_activity on service_activity.service = looks.service
        and local_midnight(service_activity.first_day) < looks.read_at
        and local_midnight(service_activity.end_day) >= looks.read_at
    where spells.fit = 'fits' and spells.known_status is not null
),
begun as (
    select stood.*
    from stood
    cross join bounds
    left join stood as before on before.service = stood.service and before.component_id = stood.component_id
        and before.place = stood.place - 1
    where stood.is_newborn and before.service is null and stood.known_status <> 'adopted' and stood.status <> 'exempt'
        and stood.since >= bounds.begins_at and stood.since < bounds.ends_at
),
told as (
    select component_id, service, kind, valid_from as since, alternative, motive, evidence_ref, evidence_sha, evidence_url
    from moved
    where kind is not null
    union all
    select component_id, service, 'born_off_path', since, alternative, cast(null as varchar) as motive, evidence_ref,
        evidence_sha, evidence_url
    from begun
)
select told.component_id, told.service, owners.scope as team, told.kind, told.since, told.alternative, told.motive,
    told.evidence_sha,
    -- a place is one of a commit, and of what is not there the commit is all that can be looked at
    nullif(concat_ws(' ', told.evidence_ref, 'at commit ' || substr(told.evidence_sha, 1, 12)), '') as evidence_ref,
    told.evidence_url
from told
left join scopes as owners on owners.service = told.service and owners.scope_kind = 'team'
    and owners.valid_from <= told.since and owners.valid_to > told.since
order by told.component_id, told.since, told.service
