-- One row per component scope, period and eligible service: how long it took to adopt, or has taken.
--
-- The clock starts with the latest of release, creation, fit and first activity, and is read at the
-- end of the period. A service that has not adopted is censored there, or where it first fell asleep or
-- stopped fitting, whatever it did later: what comes after a period changes no number of it. Who used it
-- already when tracking began has no known start and is left out.
with periods as (
    select period_start, period_end, is_partial, least(period_end, as_of) as read_at
    from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
),
fitting as (
    select component_id, service, min(eligible_since) as eligible_since, min(adopted_since) as adopted_at,
        bool_or(is_prevalent) as is_prevalent
    from adoption_status
    -- what ended before the release was never eligible
    where fit = 'fits' and (valid_to is null or eligible_since is null or valid_to > eligible_since)
    group by component_id, service
),
watched as (
    select cast(cast(min(service_activity.first_day) as int) + max(settings.active_service_window_days) as date) as from_day
    from service_activity
    cross join settings
    -- before that lies nothing but a wrong clock
    where service_activity.first_day >= date '2000-01-01'
),
life as (
    select service, local_midnight(first_day) as wakes_at, local_midnight(end_day) as sleeps_at,
        min(first_day) over (partition by service) as born_on
    from service_activity
),
started as (
    -- spells of activity follow each other, so the earliest of these begins and ends first
    select fitting.component_id, fitting.service, fitting.adopted_at,
        greatest(fitting.eligible_since, min(life.wakes_at)) as starts_at, min(life.sleeps_at) as sleeps_at
    from fitting
    join life on life.service = fitting.service
        and (fitting.eligible_since is null or life.sleeps_at > fitting.eligible_since)
    cross join watched
    -- who was born under our eyes had a start, even if it began with the component
    where not fitting.is_prevalent or life.born_on >= watched.from_day
    group by fitting.component_id, fitting.service, fitting.eligible_since, fitting.adopted_at
),
unfit as (
    select started.component_id, started.service, min(adoption_status.valid_from) as unfit_at
    from started
    join adoption_status on adoption_status.component_id = started.component_id
        and adoption_status.service = started.service and adoption_status.valid_from > started.starts_at
    where adoption_status.fit <> 'fits'
    group by started.component_id, started.service
),
clocks as (
    select started.component_id, started.service, started.starts_at, least(started.sleeps_at, unfit.unfit_at) as ends_at,
        case when started.adopted_at <= least(started.sleeps_at, unfit.unfit_at) then started.adopted_at end as adopted_at
    from started
    left join unfit on unfit.component_id = started.component_id and unfit.service = started.service
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
