-- One row per component scope and eligible service that was born while we watched, and how it began.
--
-- It began with a component when it used it seven days later (`default_adoption_window`), and stayed when
-- it still used it after ninety more.
with begun as (
    select born_services.service, born_services.born_at, plus_seconds(born_services.born_at, 86400 * 7) as settled_at,
        adoption_status.component_id, adoption_status.status, adoption_status.adopted_since, adoption_status.valid_from,
        adoption_status.motive, adoption_status.alternative, adoption_status.evidence_ref, adoption_status.evidence_sha,
        adoption_status.evidence_url
    from born_services
    join adoption_status on adoption_status.service = born_services.service
        and adoption_status.valid_from <= plus_seconds(born_services.born_at, 86400 * 7)
        and (adoption_status.valid_to is null or adoption_status.valid_to > plus_seconds(born_services.born_at, 86400 * 7))
    where adoption_status.fit = 'fits'
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
