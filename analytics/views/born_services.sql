-- One row per service of which it is known when it was born.
--
-- A service is born when the catalogue says so, else with its first activity, if that is later than
-- the first activity of anybody by a whole active window: before that nobody can tell a new service
-- from an old one.
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
)
select service, born_at from born where born_at is not null
