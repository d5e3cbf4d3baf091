-- Retention curve: of the services that began to use a component in a period, the share that stays so many days.
--
-- Kaplan and Meier's estimate for each cohort, by the period in which an active service adopted: leaving
-- ends a stay, and whoever still uses it, fell asleep, stopped being eligible or only tried it for less than
-- 28 days (`left_min_adopted_days`) is followed until then. Who comes back stays once more. `d28`, `d90`,
-- `d180` and `d365` are points of the curve, given once somebody was followed so long and partial while
-- others still are; before that a cohort has only its number of services. Services that used it when tracking
-- began are left out. Interval: log-log Greenwood. What is known now is told, so a cohort's numbers mature with time.
with periods as (
    select period_start, period_end, is_partial, as_of from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
),
cohorts as (
    select stays.component_id, stays.service, stays.adopted_at, periods.period_start, periods.period_end, periods.is_partial,
        coalesce(stays.left_at <= periods.as_of, false) as has_left,
        coalesce(stays.followed_until > periods.as_of, true) as is_open,
        seconds_between(stays.adopted_at, least(periods.as_of, stays.followed_until)) / 86400.0 as days
    from periods
    join component_stays as stays on stays.adopted_at >= periods.period_start and stays.adopted_at < periods.period_end
    where not stays.is_prevalent and stays.is_active
),
scoped as (
    select 'component' as scope_kind, component_id as scope, * from cohorts
    union all
    select 'component_team', cohorts.component_id || '/' || scopes.scope, cohorts.*
    from cohorts
    join scopes on scopes.service = cohorts.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= cohorts.adopted_at and scopes.valid_to > cohorts.adopted_at
),
ends as (
    select scope_kind, scope, period_start, period_end, is_partial, days, cast(count(*) as double) as ended_or_open,
        cast(count(*) filter (where has_left) as double) as ended, bool_or(is_open) as is_open
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial, days
),
risks as (
    select *,
        -- who is followed until just then is still at risk
        sum(ended_or_open) over (partition by scope_kind, scope, period_start order by days desc) as at_risk,
        sum(ended_or_open) over (partition by scope_kind, scope, period_start) as services,
        max(days) over (partition by scope_kind, scope, period_start) as followed_days
    from ends
),
points as (
    select 'd28' as statistic, 28.0 as point
    union all
    select 'd90', 90.0
    union all
    select 'd180', 180.0
    union all
    select 'd365', 365.0
),
curves as (
    select points.statistic, risks.scope_kind, risks.scope, risks.period_start, risks.period_end,
        risks.is_partial or bool_or(risks.is_open and risks.days < points.point) as is_partial,
        risks.services, risks.followed_days >= points.point as is_followed,
        -- all that were left at risk ended: nobody stays
        bool_or(risks.days <= points.point and risks.ended = risks.at_risk) as is_over,
        sum(case when risks.days <= points.point and risks.ended < risks.at_risk
            then ln(1.0 - risks.ended / risks.at_risk) else 0.0 end) as log_share,
        sum(case when risks.days <= points.point and risks.ended < risks.at_risk
            then risks.ended / (risks.at_risk * (risks.at_risk - risks.ended)) else 0.0 end) as spread
    from risks
    cross join points
    group by points.statistic, points.point, risks.scope_kind, risks.scope, risks.period_start, risks.period_end,
        risks.is_partial, risks.services, risks.followed_days
),
banded as (
    select *,
        -- nobody was followed so long: the cohort has no such point
        case when is_over then 0.0 when is_followed then exp(log_share) end as share,
        -- standard errors of the logarithm of the logarithm, at 95 %
        case when log_share < 0.0 then 1.959963984540054 * sqrt(spread) / abs(log_share) end as reach
    from curves
)
select statistic, scope_kind, scope, period_start, period_end, share as value,
    -- where nobody left, the curve has no spread, and the interval is that of a share
    case when is_over then 0.0 when not is_followed then null when reach is null then wilson_low(services, services)
        else power(share, exp(reach)) end as low,
    case when is_over then 0.0 when not is_followed then null when reach is null then 1.0
        else power(share, exp(-reach)) end as high,
    cast(services as bigint) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    1.0 as coverage, is_partial
from banded
