-- The services of a cohort: since when they use the component, until when they were followed, and who left.
with periods as (
    select period_start, period_end, as_of from calendar
    where period_start < as_of
    group by period_start, period_end, as_of
),
asleep as (
    select service, arrow_cast(max(end_day), 'Timestamp(Microsecond, Some("UTC"))') as sleeps_at
    from service_activity
    group by service
),
stays as (
    select component_id, service, min(adopted_since) as adopted_at, min(left_at) as left_at,
        bool_or(is_prevalent) as is_prevalent, min(case when is_left then alternative end) as alternative,
        min(case when is_left then evidence_ref end) as evidence_ref, min(case when is_left then evidence_url end) as url,
        case when bool_or(valid_to is null) then null else max(valid_to) end as fits_until
    from adoption_status
    where fit = 'fits'
    group by component_id, service
),
cohorts as (
    select stays.*, periods.period_start, asleep.sleeps_at, coalesce(stays.left_at <= periods.as_of, false) as has_left,
        least(stays.left_at, periods.as_of, asleep.sleeps_at, stays.fits_until) as followed_until
    from periods
    join stays on stays.adopted_at >= periods.period_start and stays.adopted_at < periods.period_end
    left join asleep on asleep.service = stays.service
),
placed as (
    select 'component' as scope_kind, component_id as scope, cohorts.* from cohorts
    union all
    select 'component_team', cohorts.component_id || '/' || scopes.scope, cohorts.*
    from cohorts
    join scopes on scopes.service = cohorts.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= cohorts.adopted_at and scopes.valid_to > cohorts.adopted_at
)
select service, component_id, adopted_at, followed_until, has_left, left_at,
    seconds_between(adopted_at, followed_until) / 86400.0 as days, alternative, evidence_ref, url,
    not is_prevalent and sleeps_at is not null and followed_until >= adopted_at as is_counted,
    case
        when is_prevalent then 'it used the component when tracking began'
        when sleeps_at is null or followed_until < adopted_at then 'it was not active'
    end as reason,
    scope_kind, scope, period_start
from placed
