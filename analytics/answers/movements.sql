-- Who moved in a window: joined, left, was exempted, became eligible, or was born off the path.
--
-- A movement is a spell that began in the window with what was there before. An adoption that only
-- was not seen for a while is no movement, and a service that fell asleep has not left.
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
        lag(spells.fit) over (partition by spells.service, spells.component_id order by spells.valid_from) as fit_before
    from adoption_status as spells
    left semi join inside on inside.service = spells.service and inside.component_id = spells.component_id
),
alive as (
    select inside.*, before.status_before, before.fit_before, newborn.service is not null as is_birth
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
            when status = 'exempt' and coalesce(status_before, 'unknown') <> 'exempt' then 'exempt'
            -- before the first finding nobody could say that it fits
            when fit = 'fits' and fit_before = 'does_not_fit' and status <> 'adopted' then 'eligible'
        end as kind
    from alive
),
begun as (
    select births.service, births.component_id, births.born_at, births.alternative, births.evidence_ref, births.evidence_sha,
        births.evidence_url
    from births
    cross join bounds
    where births.scope_kind = 'component' and births.status in ('off_path', 'partial')
        and births.born_at >= bounds.begins_at and births.born_at < bounds.ends_at
),
told as (
    select component_id, service, kind, valid_from as since, alternative, motive, evidence_ref, evidence_sha, evidence_url
    from moved
    where kind is not null
    union all
    select component_id, service, 'born_off_path', born_at, alternative, cast(null as varchar) as motive, evidence_ref,
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
