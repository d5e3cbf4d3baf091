-- Adoption by pipeline time: of the time that pipelines of eligible services ran, the share by those that use a component.
--
-- The same as `adoption_by_activity` with another weight: conclusive runs with a known duration, each
-- by the status of its service at its end. A service with long pipelines weighs more here, one that
-- deploys often weighs more there. A census: `low` counts time of services of unknown status as
-- without the component, `high` as with it.
with worked as (
    select calendar.period_start, calendar.period_end, calendar.is_partial, ci_runs.service, ci_runs.finished_at,
        ci_runs.duration_seconds, adoption_status.component_id, adoption_status.status
    from calendar
    join ci_runs on ci_runs.day = calendar.day
    join adoption_status on adoption_status.service = ci_runs.service
        and adoption_status.valid_from <= ci_runs.finished_at
        and (adoption_status.valid_to is null or ci_runs.finished_at < adoption_status.valid_to)
    where ci_runs.is_conclusive and ci_runs.duration_seconds > 0 and adoption_status.fit = 'fits'
        and calendar.period_start < calendar.as_of
),
scoped as (
    select 'component' as scope_kind, component_id as scope, * from worked
    union all
    select 'component_team', worked.component_id || '/' || scopes.scope, worked.*
    from worked
    join scopes on scopes.service = worked.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= worked.finished_at and scopes.valid_to > worked.finished_at
),
summed as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as runs,
        sum(duration_seconds) as seconds,
        sum(case when status = 'adopted' then duration_seconds else 0.0 end) as through,
        sum(case when status = 'unknown' then duration_seconds else 0.0 end) as unknown
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    through / seconds as value, through / seconds as low, (through + unknown) / seconds as high,
    runs as sample_size,
    -- a weight is no count of what was looked at
    cast(null as double) as numerator, cast(null as double) as denominator,
    (seconds - unknown) / seconds as coverage, is_partial
from summed
