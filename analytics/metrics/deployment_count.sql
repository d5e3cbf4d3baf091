-- Production deployments that changed the running version, as a number.
--
-- The volume behind the deployment frequency. A deployment counts on the day on which its deploy job
-- finished; a redeployment of what already runs does not count, a rollback does. An active service
-- without deployments is a true zero.
-- No interval: all of them were counted. Coverage: attempts whose environment has a known tier.
-- It grows with the organisation; compare services by the deployment frequency instead.
with active as (
    -- no row for a scope in which nothing was active: that is no zero
    select distinct scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial
    from (
        select period_start, period_end, is_partial, min(day) as first_day, max(day) as last_day
        from calendar
        -- a day that is not over has not been heard out
        where day_end <= as_of
        group by period_start, period_end, is_partial
    ) as periods
    join service_activity on service_activity.first_day <= periods.last_day and service_activity.end_day > periods.first_day
    join scopes on scopes.service = service_activity.service
        and scopes.valid_from < periods.period_end and scopes.valid_to > periods.period_start
),
tried as (
    select scopes.scope_kind, scopes.scope, calendar.period_start,
        count(*) as attempts,
        count(*) filter (where deployments.tier <> 'unknown') as with_tier,
        count(*) filter (where deployments.tier = 'production' and deployments.changed_running_version
            and calendar.day_end <= calendar.as_of) as counted
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, calendar.period_start
)
select 'count' as statistic, active.scope_kind, active.scope, active.period_start, active.period_end,
    cast(coalesce(tried.counted, 0) as double) as value,
    cast(null as double) as low, cast(null as double) as high,
    coalesce(tried.counted, 0) as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator,
    cast(tried.with_tier as double) / nullif(tried.attempts, 0) as coverage,
    active.is_partial
from active
left join tried on tried.scope_kind = active.scope_kind and tried.scope = active.scope
    and tried.period_start = active.period_start
