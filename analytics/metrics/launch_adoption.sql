-- Launch review: the share of eligible services that uses a component thirty, sixty and ninety days after its launch.
--
-- A component is launched on the day from which anybody can use it. Each statistic belongs to the
-- period that holds its day of review, and is there once that day begins and so many whole days are over: it
-- is what the promise made at the launch is held against, to keep, to mend or to retire. Active services by
-- their status at that instant. A census, with bounds by unknown statuses.
with periods as (
    select period_start, period_end, is_partial, as_of from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
),
reviews as (
    select component_id, 'd' || cast(days.days as varchar) as statistic, cast(cast(day as int) + days.days as date) as review_day,
        local_midnight(cast(cast(day as int) + days.days as date)) as review_at
    from component_launches
    cross join (values (30), (60), (90)) as days(days)
),
due as (
    select reviews.component_id, reviews.statistic, reviews.review_day, reviews.review_at, periods.period_start,
        periods.period_end, periods.is_partial
    from periods
    join reviews on reviews.review_at >= periods.period_start and reviews.review_at < periods.period_end
    where reviews.review_at <= periods.as_of
),
standing as (
    select due.*, adoption_status.service, adoption_status.status
    from due
    join adoption_status on adoption_status.component_id = due.component_id and adoption_status.fit = 'fits'
        and adoption_status.valid_from < due.review_at
        and (adoption_status.valid_to is null or adoption_status.valid_to >= due.review_at)
    join service_activity on service_activity.service = adoption_status.service
        and service_activity.first_day < due.review_day and service_activity.end_day >= due.review_day
),
scoped as (
    select 'component' as scope_kind, component_id as scope, * from standing
    union all
    select 'component_team', standing.component_id || '/' || scopes.scope, standing.*
    from standing
    join scopes on scopes.service = standing.service and scopes.scope_kind = 'team'
        and scopes.valid_from < standing.review_at and scopes.valid_to >= standing.review_at
),
counted as (
    select statistic, scope_kind, scope, period_start, period_end, is_partial, count(*) as eligible,
        count(*) filter (where status = 'adopted') as adopted,
        count(*) filter (where status = 'unknown') as unknown
    from scoped
    group by statistic, scope_kind, scope, period_start, period_end, is_partial
)
select statistic, scope_kind, scope, period_start, period_end,
    cast(adopted as double) / eligible as value,
    cast(adopted as double) / eligible as low,
    cast(adopted + unknown as double) / eligible as high,
    eligible as sample_size, cast(adopted as double) as numerator, cast(eligible as double) as denominator,
    cast(eligible - unknown as double) / eligible as coverage, is_partial
from counted
