-- Four Keys' deployment frequency: the median, over weeks from Sunday, of the days with a
-- deployment; and the bucket that it makes of it.
--
-- Days are counted and not deployments, so twenty a day are one. Every environment counts; ours is
-- production. Weeks that the period only touches count like whole ones and draw the median down.
-- A deployment without a push whose head it deployed is not seen. Redeployments count.
-- `bucket` is 4 for "Daily" (median of 3 days or more), 3 for "Weekly" (a median week has one), 2
-- for "Monthly" (over weeks, the median number of weeks with one in the month of their Sunday is at
-- least 1), 1 for "Yearly", which is also what it says when it knows nothing.
-- The facts tell the day in the organisation's zone, where it takes UTC. The window is the one that
-- was asked for, not the last three months.
with weeks as (
    -- 1970-01-04 was a Sunday: three days after the day 0 of a date
    select period_start, period_end, is_partial, (cast(day as int) + 4) / 7 as week
    from calendar
    group by period_start, period_end, is_partial, (cast(day as int) + 4) / 7
),
pushed as (
    select distinct scopes.scope_kind, scopes.scope, calendar.period_start, calendar.day
    from attempts
    join commits as head on head.repository = attempts.repository and head.sha = attempts.sha
    join calendar on calendar.day = attempts.day
    join scopes on scopes.service = attempts.service
        and attempts.finished_at >= scopes.valid_from and attempts.finished_at < scopes.valid_to
    where attempts.outcome = 'succeeded' and head.pushed_at is not null
),
deployed as (
    select scope_kind, scope, period_start, (cast(day as int) + 4) / 7 as week, count(*) as days
    from pushed
    group by scope_kind, scope, period_start, (cast(day as int) + 4) / 7
),
filled as (
    select known.scope_kind, known.scope, weeks.period_start, weeks.period_end, weeks.is_partial,
        cast(cast(weeks.week * 7 - 4 as int) as date) as sunday,
        cast(coalesce(deployed.days, 0) as double) as days,
        case when deployed.days is null then 0.0 else 1.0 end as has_one
    from (select distinct scope_kind, scope from scopes) as known
    cross join weeks
    left join deployed on deployed.scope_kind = known.scope_kind and deployed.scope = known.scope
        and deployed.period_start = weeks.period_start and deployed.week = weeks.week
),
by_month as (
    select *,
        sum(has_one) over (
            partition by scope_kind, scope, period_start, date_part('year', sunday), date_part('month', sunday)
        ) as weeks_in_month
    from filled
),
summarised as (
    select scope_kind, scope, period_start, period_end, is_partial, cast(sum(days) as bigint) as deployment_days,
        median(days) as days, median(has_one) as has_one, median(weeks_in_month) as weeks_in_month
    from by_month
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'days_per_week' as statistic, scope_kind, scope, period_start, period_end,
    days as value, cast(null as double) as low, cast(null as double) as high, deployment_days as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator, cast(null as double) as coverage, is_partial
from summarised
union all
select 'bucket', scope_kind, scope, period_start, period_end,
    case when days >= 3 then 4.0 when has_one >= 1 then 3.0 when weeks_in_month >= 1 then 2.0 else 1.0 end,
    cast(null as double), cast(null as double), deployment_days,
    cast(null as double), cast(null as double), cast(null as double), is_partial
from summarised
