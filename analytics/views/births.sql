-- One row per component scope and eligible service that was born while we watched, and how it began.
--
-- A service is born when the catalogue says so, else with its first activity, if that is later than
-- the first activity of anybody by a whole active window: before that nobody can tell a new service
-- from an old one. It began with a component when it used it seven days later
-- (`default_adoption_window`), and stayed when it still used it after ninety more.
with watched as (
    select cast(cast(min(service_activity.first_day) as int) + max(settings.active_service_window_days) as date) as from_day
    from service_activity
    cross join settings
    -- before that lies nothing but a wrong clock
    where service_activity.first_day >= date '2000-01-01'
),
stated as (
    select service, min(created_at) as created_at from service_owners group by service
),
seen as (
    select service, min(first_day) as first_day from service_activity group by service
),
born as (
    select seen.service,
        coalesce(
            stated.created_at,
            case when seen.first_day >= watched.from_day then local_midnight(seen.first_day) end
        ) as born_at
    from seen
    cross join watched
    left join stated on stated.service = seen.service
),
begun as (
    select born.service, born.born_at, plus_seconds(born.born_at, 86400 * 7) as settled_at,
        adoption_status.component_id, adoption_status.status, adoption_status.adopted_since, adoption_status.valid_from,
        adoption_status.motive, adoption_status.alternative, adoption_status.evidence_ref, adoption_status.evidence_sha,
        adoption_status.evidence_url
    from born
    join adoption_status on adoption_status.service = born.service
        and adoption_status.valid_from <= plus_seconds(born.born_at, 86400 * 7)
        and (adoption_status.valid_to is null or adoption_status.valid_to > plus_seconds(born.born_at, 86400 * 7))
    where born.born_at is not null and adoption_status.fit = 'fits'
),
followed as (
    select begun.*, plus_seconds(begun.adopted_since, 86400 * 90) as stays_at, later.known_status as later_status,
        later.evidence_ref as later_evidence_ref, later.alternative as later_alternative
    from begun
    left join adoption_status as later on later.service = begun.service and later.component_id = begun.component_id
        and later.valid_from <= plus_seconds(begun.adopted_since, 86400 * 90)
        and (later.valid_to is null or later.valid_to > plus_seconds(begun.adopted_since, 86400 * 90))
)
select 'component' as scope_kind, followed.component_id as scope, followed.* from followed
union all
select 'component_team', followed.component_id || '/' || scopes.scope, followed.*
from followed
join scopes on scopes.service = followed.service and scopes.scope_kind = 'team'
    and scopes.valid_from <= followed.settled_at and scopes.valid_to > followed.settled_at
