-- Who moved in a window: joined, left, was exempted, became eligible, or was born off the path.
--
-- A movement is a spell that began in the window with what was there before. An adoption that only
-- was not seen for a while is no movement, and a service that fell asleep has not left.
with spells as (
    select adoption_status.*,
        lag(status) over (partition by service, component_id order by valid_from) as status_before,
        lag(fit) over (partition by service, component_id order by valid_from) as fit_before
    from adoption_status
),
bounds as (
    select min(period_start) as begins_at, max(period_end) as ends_at from calendar
),
inside as (
    select spells.*
    from spells
    cross join bounds
    where spells.valid_from >= bounds.begins_at and spells.valid_from < bounds.ends_at
),
alive as (
    select inside.*
    from inside
    join service_activity on service_activity.service = inside.service
        and inside.day >= service_activity.first_day and inside.day < service_activity.end_day
),
moved as (
    select alive.*,
        case
            when status = 'adopted' and valid_from = adopted_since and not is_prevalent then 'joined'
            when is_left and valid_from = left_at then 'left'
            when status = 'exempt' and coalesce(status_before, 'unknown') <> 'exempt' then 'exempt'
            -- before the first finding nobody could say that it fits
            when fit = 'fits' and fit_before = 'does_not_fit' and status <> 'adopted' then 'eligible'
        end as kind
    from alive
),
begun as (
    select births.service, births.component_id, births.born_at, births.alternative, births.evidence_ref, births.evidence_url
    from births
    cross join bounds
    where births.scope_kind = 'component' and births.status in ('off_path', 'partial')
        and births.born_at >= bounds.begins_at and births.born_at < bounds.ends_at
),
told as (
    select component_id, service, kind, valid_from as since, alternative, motive, evidence_ref, evidence_url
    from moved
    where kind is not null
    union all
    select component_id, service, 'born_off_path', born_at, alternative, cast(null as varchar) as motive, evidence_ref, evidence_url from begun
)
select told.component_id, told.service, owners.scope as team, told.kind, told.since, told.alternative, told.motive,
    told.evidence_ref, told.evidence_url
from told
left join scopes as owners on owners.service = told.service and owners.scope_kind = 'team'
    and owners.valid_from <= told.since and owners.valid_to > told.since
order by told.component_id, told.since, told.service
