-- One row per service and spell of unchanged owner and system, as the catalogue described it.
--
-- The first description reaches back to the beginning of time: before the catalogue was read
-- nothing else is known. A service that only runs or deploys is here too, without an owner, and so is
-- one that a person owns: a person is no team. What the catalogue took back ends there, unless it took
-- back so much at once that it is not believed. When a service was created is told by the newest
-- statement that says it, for the past as well.
with statements as (
    select *,
        lag(is_deleted) over (partition by name order by occurred_at, entity_id) as was_deleted
    from observed.services
    where kind = 'service' and moment = 'described'
),
islands as (
    select *,
        sum(case when was_deleted is null or was_deleted <> is_deleted then 1 else 0 end)
            over (partition by name order by occurred_at, entity_id) as island
    from statements
),
said as (
    select *, min(occurred_at) over (partition by name, island) as said_first_at
    from islands
),
believed as (
    select said.*, case when owner_kind = 'person' then null else owner_raw end as owner
    from said
    left join catalogue_losses on catalogue_losses.day = local_day(said.said_first_at) and catalogue_losses.is_held
    -- a week of the same is no accident any more
    where not said.is_deleted or catalogue_losses.day is null or seconds_between(said.said_first_at, said.occurred_at) >= 7 * 86400
),
described as (
    select entity_id, name as service, owner, system, repository, labels, lifecycle_raw as lifecycle, type_raw as type,
        first_value(created_at) ignore nulls over (
            partition by name order by occurred_at desc, entity_id desc rows between unbounded preceding and unbounded following
        ) as created_at,
        occurred_at, coalesce(is_archived, false) as is_archived, coalesce(is_template, false) as is_template,
        coalesce(is_fork, false) as is_fork,
        coalesce(owner, '') || '/' || coalesce(system, '') || '/' || coalesce(array_to_string(labels, ','), '')
            || '/' || coalesce(type_raw, '') || '/' || coalesce(lifecycle_raw, '') || '/' || coalesce(repository, '')
            || case when is_archived then '/archived' else '' end || case when is_template then '/template' else '' end
            || case when is_fork then '/fork' else '' end
            || case when is_deleted then '/gone' else '' end as description, is_deleted
    from believed
),
changed as (
    select *, lag(description) over (partition by service order by occurred_at, entity_id) as before
    from described
),
spells as (
    select service, owner, system, repository, labels, lifecycle, type, created_at, occurred_at, is_archived, is_template,
        is_fork,
        lag(occurred_at) over (partition by service order by occurred_at, entity_id) as previous_at,
        lead(occurred_at) over (partition by service order by occurred_at, entity_id) as next_at,
        is_deleted
    from changed
    where before is null or before <> description
)
select service, owner, system, repository, labels, lifecycle, type, created_at,
    -- when the catalogue said so first
    occurred_at as described_at,
    case when previous_at is null then arrow_cast(to_timestamp_micros(0), 'Timestamp(Microsecond, Some("UTC"))')
        else occurred_at end as valid_from,
    next_at as valid_to, is_archived, is_template, is_fork
from spells
where not is_deleted
