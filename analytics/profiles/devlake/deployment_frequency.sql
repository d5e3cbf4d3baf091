-- DevLake's deployment frequency: the lower median, over weeks from Monday, of the days with a
-- successful production deployment.
--
-- Days are counted and not deployments, so twenty a day are one, and a project of ten services is
-- capped at seven a week. Weeks without any count as 0, and weeks that the period only touches count
-- like whole ones. The lower median takes the lower of two middle weeks. Redeployments count. No
-- interval. Where the median week has none it goes on by month and by half a year to find a grade;
-- that text is not computed here.
-- The facts tell the day in the organisation's zone, where it takes UTC. It cuts a range silently at
-- 400 days; here the range is the one that was asked for.
with weeks as (
    -- 1970-01-05 was a Monday: four days after the day 0 of a date
    select period_start, period_end, is_partial, (cast(day as int) + 3) / 7 as week
    from calendar
    group by period_start, period_end, is_partial, (cast(day as int) + 3) / 7
),
shipped as (
    select distinct scopes.scope_kind, scopes.scope, calendar.period_start, calendar.day
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.outcome = 'succeeded'
),
deployed as (
    select scope_kind, scope, period_start, (cast(day as int) + 3) / 7 as week, count(*) as days
    from shipped
    group by scope_kind, scope, period_start, (cast(day as int) + 3) / 7
),
filled as (
    select known.scope_kind, known.scope, weeks.period_start, weeks.period_end, weeks.is_partial,
        coalesce(deployed.days, 0) as days
    from (select distinct scope_kind, scope from scopes) as known
    cross join weeks
    left join deployed on deployed.scope_kind = known.scope_kind and deployed.scope = known.scope
        and deployed.period_start = weeks.period_start and deployed.week = weeks.week
),
ranked as (
    select *, percent_rank() over (partition by scope_kind, scope, period_start order by days) as rank
    from filled
)
select 'days_per_week' as statistic, scope_kind, scope, period_start, period_end,
    cast(max(days) filter (where rank <= 0.5) as double) as value, cast(null as double) as low, cast(null as double) as high,
    sum(days) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from ranked
group by scope_kind, scope, period_start, period_end, is_partial
