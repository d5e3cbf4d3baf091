-- One row per service and spell of unchanged owner and system, as the catalogue described it.
--
-- The first description reaches back to the beginning of time: before the catalogue was read
-- nothing else is known. A service that only runs or deploys is here too, without an owner.
with described as (
    select entity_id, name as service, owner_raw as owner, system, repository, labels, lifecycle_raw as lifecycle, type_raw as type,
        created_at, occurred_at,
        coalesce(owner_raw, '') || '/' || coalesce(system, '') || '/' || coalesce(array_to_string(labels, ','), '')
            || '/' || coalesce(lifecycle_raw, '') || '/' || coalesce(repository, '') as description
    from observed.services
    where kind = 'service' and moment = 'described' and not is_deleted
),
changed as (
    select *, lag(description) over (partition by service order by occurred_at, entity_id) as before
    from described
),
spells as (
    select service, owner, system, repository, labels, lifecycle, type, created_at, occurred_at,
        lag(occurred_at) over (partition by service order by occurred_at, entity_id) as previous_at,
        lead(occurred_at) over (partition by service order by occurred_at, entity_id) as next_at
    from changed
    where before is null or before <> description
)
select service, owner, system, repository, labels, lifecycle, type, created_at,
    case when previous_at is null then arrow_cast(to_timestamp_micros(0), 'Timestamp(Microsecond, Some("UTC"))')
        else occurred_at end as valid_from,
    next_at as valid_to
from spells
