-- One row per local day on which the catalogue took services back.
--
-- Half or more of at least four services in one day is an accident of a catalogue far more often than
-- a decision: such a day is held, and `service_owners` does not believe it until the catalogue says
-- the same again a week later. Services that were never described cannot be lost.
with statements as (
    select name as service, is_deleted, occurred_at, entity_id,
        lag(is_deleted) over (partition by name order by occurred_at, entity_id) as was_deleted
    from observed.services
    where kind = 'service' and moment = 'described'
),
turns as (
    select service, is_deleted, occurred_at,
        lead(occurred_at) over (partition by service order by occurred_at, entity_id) as next_at
    from statements
    where was_deleted is null or was_deleted <> is_deleted
),
standing as (
    select service, local_day(occurred_at) as from_day, local_day(next_at) as to_day
    from turns
    where not is_deleted
),
lost as (
    select to_day as day, count(*) as lost_services
    from standing
    where to_day is not null and from_day < to_day
    group by to_day
),
known as (
    select lost.day, count(*) as known_services
    from lost
    join standing on standing.from_day < lost.day and (standing.to_day is null or standing.to_day >= lost.day)
    group by lost.day
)
select lost.day, known.known_services, lost.lost_services,
    -- with fewer than four services, half is one or two, and those do end together
    known.known_services >= 4 and lost.lost_services * 2 >= known.known_services as is_held
from lost
join known on known.day = lost.day
