-- Deployment frequency: production deployments that changed the running version, per service and
-- week.
--
-- A deployment counts on the day on which its deploy job finished; a redeployment of what already
-- runs does not count, a rollback does. The denominator is the time during which the service was
-- active, so an idle service makes no team look slow. A week without deployments of an active
-- service is a true zero.
-- Interval: exact Poisson (Garwood). Coverage: attempts whose environment has a known tier.
-- It can be gamed by splitting deployments; read it beside the change fail rate.
with service_days as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        count(*) as active_days
    from service_activity
    join calendar on calendar.day >= service_activity.first_day and calendar.day < service_activity.end_day
    join scopes on scopes.service = service_activity.service
        and scopes.valid_from < calendar.day_end and scopes.valid_to >= calendar.day_end
    -- a day that is not over has not been heard out
    where calendar.day_end <= calendar.as_of
    group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
),
tried as (
    select scopes.scope_kind, scopes.scope, calendar.period_start,
        count(*) as attempts,
        count(*) filter (where deployments.tier <> 'unknown') as with_tier,
        count(*) filter (where deployments.tier = 'production' and deployments.changed_running_version
            and calendar.day_end <= calendar.as_of) as deployed
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, calendar.period_start
)
select 'rate' as statistic, service_days.scope_kind, service_days.scope, service_days.period_start, service_days.period_end,
    7.0 * coalesce(tried.deployed, 0) / active_days as value,
    7.0 * poisson_low(coalesce(tried.deployed, 0)) / active_days as low,
    7.0 * poisson_high(coalesce(tried.deployed, 0)) / active_days as high,
    coalesce(tried.deployed, 0) as sample_size,
    cast(coalesce(tried.deployed, 0) as double) as numerator,
    active_days / 7.0 as denominator,
    cast(tried.with_tier as double) / nullif(tried.attempts, 0) as coverage,
    service_days.is_partial
from service_days
left join tried on tried.scope_kind = service_days.scope_kind and tried.scope = service_days.scope
    and tried.period_start = service_days.period_start
