-- Bypass: of the production deployments of services that use a component, the share that went around it.
--
-- Only for components whose `passage` says by which runs, sources or machines a deployment shows that
-- it went through. A deployment counts by the status of its service at that instant, in the period in
-- which it finished. One that does not show its way is unknown: it lowers the coverage, and a census,
-- bounded by the unknown ones, counts it for and against. A service that stays adopted and deploys around is
-- the first sign of leaving.
with shown as (
    select unnest(went_through) as component_id from deployment_traces
    union
    select unnest(went_around) from deployment_traces
),
made as (
    select calendar.period_start, calendar.period_end, calendar.is_partial, deployment_traces.service,
        deployment_traces.finished_at, adoption_status.component_id,
        coalesce(array_has(deployment_traces.went_around, adoption_status.component_id), false) as is_around,
        coalesce(array_has(deployment_traces.went_through, adoption_status.component_id), false) as is_through
    from calendar
    join deployment_traces on deployment_traces.day = calendar.day
    join adoption_status on adoption_status.service = deployment_traces.service
        and adoption_status.valid_from <= deployment_traces.finished_at
        and (adoption_status.valid_to is null or deployment_traces.finished_at < adoption_status.valid_to)
    join shown on shown.component_id = adoption_status.component_id
    where adoption_status.status = 'adopted' and calendar.period_start < calendar.as_of
),
scoped as (
    select 'component' as scope_kind, component_id as scope, * from made
    union all
    select 'component_team', made.component_id || '/' || scopes.scope, made.*
    from made
    join scopes on scopes.service = made.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= made.finished_at and scopes.valid_to > made.finished_at
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as deployed,
        count(*) filter (where is_around) as around,
        count(*) filter (where is_around or is_through) as known
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(around as double) / nullif(known, 0) as value,
    case when known > 0 then cast(around as double) / deployed end as low,
    case when known > 0 then cast(around + deployed - known as double) / deployed end as high,
    known as sample_size, cast(around as double) as numerator, cast(known as double) as denominator,
    cast(known as double) / deployed as coverage, is_partial
from counted
