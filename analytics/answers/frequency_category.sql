-- One row per scope: what decides in which category its deployment frequency lies, each with its limits.
--
-- Medians over what services did while they were active: deployments on a working day, days with a
-- deployment in a complete week, deployments in a complete month. Days, weeks and months without any
-- count as 0. Exact order statistics; null below six rows, so one service needs half a year for months.
with days as (
    -- 1 January 1970 was a Thursday: three days later a week begins
    select day, (cast(day as int) + 3) / 7 as week, (cast(day as int) + 3) % 7 as weekday,
        date_trunc('month', day) as month, day_end
    from calendar
    where day_end <= as_of
),
deployed as (
    select service, day, count(*) as deployments
    from deployments
    where tier = 'production' and changed_running_version
    group by service, day
),
spans as (
    -- a working day, a whole week and a whole month of the days asked for
    select 'daily' as span, cast(day as int) as number, day as first_day, day as last_day, day_end as ended_at
    from days
    where weekday < 5
    union all
    select 'weekly', week, min(day), max(day), max(day_end)
    from days
    group by week
    having count(*) = 7
    union all
    select 'monthly', cast(min(day) as int), min(day), max(day), max(day_end)
    from days
    group by month
    having date_part('day', min(day)) = 1 and date_part('day', cast(cast(max(day) as int) + 1 as date)) = 1
),
active as (
    select scopes.scope_kind, scopes.scope, scopes.service, spans.span, spans.number, spans.first_day, spans.last_day
    from spans
    join service_activity on service_activity.first_day <= spans.first_day and service_activity.end_day > spans.last_day
    join scopes on scopes.service = service_activity.service
        and scopes.valid_from < spans.ended_at and scopes.valid_to >= spans.ended_at
),
counted as (
    select active.scope_kind, active.scope, active.service, active.span, active.number,
        case when active.span = 'weekly' then count(deployed.day) else coalesce(sum(deployed.deployments), 0) end as deployments
    from active
    left join deployed on deployed.service = active.service
        and deployed.day >= active.first_day and deployed.day <= active.last_day
    group by active.scope_kind, active.scope, active.service, active.span, active.number
)
select scope_kind, scope, span, quantile(deployments, 0.5) as value, quantile_low(deployments, 0.5) as low,
    quantile_high(deployments, 0.5) as high, count(*) as sample_size
from counted
group by scope_kind, scope, span
order by scope_kind, scope, span
