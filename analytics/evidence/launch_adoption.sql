-- The active services at each review of a launch, and how they stood then.
with periods as (
    select period_start, period_end, as_of from calendar
    where period_start < as_of
    group by period_start, period_end, as_of
),
reviews as (
    select component_id, days.days, cast(cast(day as int) + days.days as date) as review_day,
        local_midnight(cast(cast(day as int) + days.days as date)) as review_at
    from component_launches
    cross join (values (30), (60), (90)) as days(days)
),
standing as (
    select periods.period_start, reviews.days, reviews.review_at, adoption_status.component_id, adoption_status.service,
        adoption_status.status, adoption_status.fit, adoption_status.evidence_ref, adoption_status.evidence_url
    from periods
    join reviews on reviews.review_at >= periods.period_start and reviews.review_at < periods.period_end
    join adoption_status on adoption_status.component_id = reviews.component_id
        and adoption_status.valid_from < reviews.review_at
        and (adoption_status.valid_to is null or adoption_status.valid_to >= reviews.review_at)
    join service_activity on service_activity.service = adoption_status.service
        and service_activity.first_day < reviews.review_day and service_activity.end_day >= reviews.review_day
    where reviews.review_at <= periods.as_of
),
placed as (
    select 'component' as scope_kind, component_id as scope, standing.* from standing
    union all
    select 'component_team', standing.component_id || '/' || scopes.scope, standing.*
    from standing
    join scopes on scopes.service = standing.service and scopes.scope_kind = 'team'
        and scopes.valid_from < standing.review_at and scopes.valid_to >= standing.review_at
)
select standing.service, standing.component_id, standing.days, standing.review_at, standing.status, standing.evidence_ref,
    standing.evidence_url as url,
    standing.fit = 'fits' as is_counted,
    case standing.fit when 'does_not_fit' then 'the component is not made for it' when 'unknown' then 'not known whether it fits' end
        as reason,
    standing.scope_kind, standing.scope, standing.period_start
from placed as standing
