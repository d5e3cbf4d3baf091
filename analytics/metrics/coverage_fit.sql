-- Coverage: the share of the active services that a component is made for.
--
-- Read at the end of the period, or now for a period that is not over. A census: `low` counts
-- services whose fit is not known as not fitting, `high` counts them as fitting.
-- It is no achievement by itself: a component for few services may be right. Read it beside the
-- adoption rate and reach.
with periods as (
    -- a level is read at the end of a period, or now when the period is not over
    select period_start, period_end, is_partial, least(period_end, as_of) as read_at,
        max(day) filter (where day_end <= as_of) as last_day
    from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
),
standing as (
    select adoption_status.component_id, adoption_status.service, adoption_status.status, adoption_status.fit,
        periods.period_start, periods.period_end, periods.is_partial, periods.read_at
    from periods
    join adoption_status on adoption_status.valid_from < periods.read_at
        and coalesce(adoption_status.valid_to, periods.read_at) >= periods.read_at
    join service_activity on service_activity.service = adoption_status.service
        and periods.last_day >= service_activity.first_day and periods.last_day < service_activity.end_day
),
scoped as (
    select 'component' as scope_kind, component_id as scope, status, fit, period_start, period_end, is_partial
    from standing
    union all
    select 'component_team', standing.component_id || '/' || scopes.scope, standing.status, standing.fit,
        standing.period_start, standing.period_end, standing.is_partial
    from standing
    join scopes on scopes.service = standing.service and scopes.scope_kind = 'team'
        and scopes.valid_from < standing.read_at and scopes.valid_to >= standing.read_at
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as active,
        count(*) filter (where fit = 'fits') as eligible,
        count(*) filter (where fit = 'unknown') as fit_unknown,
        count(*) filter (where fit = 'fits' and status = 'adopted') as adopted,
        count(*) filter (where fit = 'fits' and status = 'unknown') as status_unknown
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(eligible as double) / nullif(active, 0) as value,
    cast(eligible as double) / nullif(active, 0) as low,
    cast(eligible + fit_unknown as double) / nullif(active, 0) as high,
    active as sample_size, cast(eligible as double) as numerator, cast(active as double) as denominator,
    cast(active - fit_unknown as double) / nullif(active, 0) as coverage, is_partial
from counted
