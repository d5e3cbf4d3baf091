-- The service-weeks behind the deployment days of a week, those without a deployment too.
with days as (
    select day, period_start, day_end, as_of, (cast(day as int) + 3) / 7 as week
    from calendar
),
weeks as (
    select week, period_start, min(day) as first_day, max(day) as last_day, max(day_end) as ended_at,
        count(*) = 7 and max(day_end) <= max(as_of) as is_complete
    from days
    group by week, period_start
),
deployed as (
    select deployments.service, days.week, days.period_start, count(*) as deployments,
        count(distinct deployments.day) as deployment_days
    from deployments
    join days on days.day = deployments.day
    where deployments.tier = 'production' and deployments.changed_running_version
    group by deployments.service, days.week, days.period_start
)
select service_activity.service, weeks.first_day, weeks.last_day, coalesce(deployed.deployment_days, 0) as deployment_days,
    coalesce(deployed.deployments, 0) as deployments,
    weeks.is_complete and service_activity.first_day <= weeks.first_day and service_activity.end_day > weeks.last_day as is_counted,
    case
        when not weeks.is_complete then 'the week is not over, or not wholly in the period'
        when service_activity.first_day > weeks.first_day or service_activity.end_day <= weeks.last_day
            then 'the service was not active all week'
    end as reason,
    scopes.scope_kind, scopes.scope, weeks.period_start
from weeks
join service_activity on service_activity.first_day <= weeks.last_day and service_activity.end_day > weeks.first_day
join scopes on scopes.service = service_activity.service
    and scopes.valid_from < weeks.ended_at and scopes.valid_to >= weeks.ended_at
left join deployed on deployed.service = service_activity.service and deployed.week = weeks.week
    and deployed.period_start = weeks.period_start
