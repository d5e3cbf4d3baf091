-- One row per component scope, period and eligible service: how long it took to adopt, or has taken.
--
-- The clock starts with the latest of release, creation, fit and first activity, and is read at the
-- end of the period. A service that has not adopted is censored there, or where it fell asleep or
-- stopped fitting. Who used it already when tracking began has no known start and is left out.
with periods as (
    select period_start, period_end, is_partial, least(period_end, as_of) as read_at
    from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
),
fitting as (
    select component_id, service, min(eligible_since) as eligible_since, min(adopted_since) as adopted_at,
        bool_or(is_prevalent) as is_prevalent,
        case when bool_or(valid_to is null) then null else max(valid_to) end as fits_until
    from adoption_status
    where fit = 'fits'
    group by component_id, service
),
watched as (
    select cast(cast(min(service_activity.first_day) as int) + max(settings.active_service_window_days) as date) as from_day
    from service_activity
    cross join settings
),
life as (
    select service, min(first_day) as first_day, arrow_cast(min(first_day), 'Timestamp(Microsecond, Some("UTC"))') as first_at,
        arrow_cast(max(end_day), 'Timestamp(Microsecond, Some("UTC"))') as sleeps_at
    from service_activity
    group by service
),
clocks as (
    select fitting.component_id, fitting.service, fitting.adopted_at,
        greatest(fitting.eligible_since, life.first_at) as starts_at,
        least(life.sleeps_at, fitting.fits_until) as ends_at
    from fitting
    join life on life.service = fitting.service
    cross join watched
    -- who was born under our eyes had a start, even if it began with the component
    where not fitting.is_prevalent or life.first_day >= watched.from_day
),
followed as (
    select clocks.component_id, clocks.service, clocks.starts_at, clocks.adopted_at,
        periods.period_start, periods.period_end, periods.is_partial, periods.read_at,
        coalesce(clocks.adopted_at < periods.read_at, false) as is_adopted,
        greatest(
            seconds_between(
                clocks.starts_at,
                case when clocks.adopted_at < periods.read_at then clocks.adopted_at else least(periods.read_at, clocks.ends_at) end
            ),
            0.0
        ) as waited_seconds
    from periods
    join clocks on clocks.starts_at < periods.read_at
)
select 'component' as scope_kind, followed.component_id as scope, followed.* from followed
union all
select 'component_team', followed.component_id || '/' || scopes.scope, followed.*
from followed
join scopes on scopes.service = followed.service and scopes.scope_kind = 'team'
    and scopes.valid_from <= followed.starts_at and scopes.valid_to > followed.starts_at
