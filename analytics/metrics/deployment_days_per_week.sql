-- Deployment days per week: on how many days of a week a service receives a new version, as a median.
--
-- A row is a service in one ISO week, Monday to Sunday, throughout which it was active; a week without
-- deployment is a row of 0. Only weeks that are over and lie wholly in the period enter, so a month
-- has three or four of them. A service-week belongs to the scope that had the service at its end.
-- Interval: exact order statistics over service-weeks; below 6 of them the median is withheld, so one
-- service needs a longer period than a week. Coverage: attempts whose environment has a known tier.
-- It says how steady the flow is: ten deployments on Friday are one day. At most 7.
with days as (
    -- 1 January 1970 was a Thursday: three days later a week begins
    select day, period_start, period_end, is_partial, day_end, as_of, (cast(day as int) + 3) / 7 as week
    from calendar
),
weeks as (
    select week, period_start, period_end, is_partial, min(day) as first_day, max(day) as last_day, max(day_end) as ended_at
    from days
    group by week, period_start, period_end, is_partial
    having count(*) = 7 and max(day_end) <= max(as_of)
),
service_weeks as (
    select service_activity.service, weeks.*
    from weeks
    join service_activity on service_activity.first_day <= weeks.first_day and service_activity.end_day > weeks.last_day
),
deployed as (
    select deployments.service, days.week, days.period_start,
        count(distinct case when deployments.tier = 'production' and deployments.changed_running_version
            then deployments.day end) as deployment_days,
        count(*) as attempts,
        count(*) filter (where deployments.tier <> 'unknown') as with_tier
    from deployments
    join days on days.day = deployments.day
    group by deployments.service, days.week, days.period_start
),
placed as (
    select scopes.scope_kind, scopes.scope, service_weeks.period_start, service_weeks.period_end, service_weeks.is_partial,
        coalesce(deployed.deployment_days, 0) as deployment_days, deployed.attempts, deployed.with_tier
    from service_weeks
    join scopes on scopes.service = service_weeks.service
        and scopes.valid_from < service_weeks.ended_at and scopes.valid_to >= service_weeks.ended_at
    left join deployed on deployed.service = service_weeks.service and deployed.week = service_weeks.week
        and deployed.period_start = service_weeks.period_start
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    quantile(deployment_days, 0.5) as value, quantile_low(deployment_days, 0.5) as low,
    quantile_high(deployment_days, 0.5) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(sum(with_tier) as double) / nullif(sum(attempts), 0) as coverage, is_partial
from placed
group by scope_kind, scope, period_start, period_end, is_partial
