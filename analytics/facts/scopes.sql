-- One row per service, scope and spell: to which scope a service belonged, and when.
--
-- A team's or system's numbers are pooled over the services it had at the row's own instant. A
-- service that nobody catalogued still counts for itself and for the organisation.
-- A spell without an end is not null here: `valid_to` is an instant in 2223. What is so now:
-- `where valid_from <= now() and valid_to > now()`.
with known as (
    select distinct service from service_owners
    union
    select distinct service from known_services
),
always as (
    select arrow_cast(to_timestamp_micros(0), 'Timestamp(Microsecond, Some("UTC"))') as valid_from,
        plus_seconds(arrow_cast(to_timestamp_micros(0), 'Timestamp(Microsecond, Some("UTC"))'), 8000000000) as valid_to
)
select known.service, 'service' as scope_kind, known.service as scope, always.valid_from, always.valid_to
from known cross join always
union all
select known.service, 'organisation', settings.organisation, always.valid_from, always.valid_to
from known cross join always cross join settings
union all
select service, 'team', owner, service_owners.valid_from, coalesce(service_owners.valid_to, always.valid_to)
from service_owners cross join always
where owner is not null
union all
select service, 'system', system, service_owners.valid_from, coalesce(service_owners.valid_to, always.valid_to)
from service_owners cross join always
where system is not null
