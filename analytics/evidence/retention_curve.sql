-- The services of a cohort: since when they use the component, until when they were followed, and who left.
with periods as (
    select period_start, period_end, as_of from calendar
    where period_start < as_of
    group by period_start, period_end, as_of
),
cohorts as (
    select stays.component_id, stays.service, stays.adopted_at, stays.left_at, stays.is_prevalent, stays.is_active,
        stays.alternative, stays.evidence_ref, stays.evidence_url, periods.period_start,
        coalesce(stays.left_at <= periods.as_of, false) as has_left,
        least(periods.as_of, stays.followed_until) as followed_until
    from periods
    join component_stays as stays on stays.adopted_at >= periods.period_start and stays.adopted_at < periods.period_end
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
    seconds_between(adopted_at, followed_until) / 86400.0 as days, alternative, evidence_ref, evidence_url as url,
    not is_prevalent and is_active as is_counted,
    case
        when is_prevalent then 'it used the component when tracking began'
        when not is_active then 'it was not active'
    end as reason,
    scope_kind, scope, period_start
from placed
