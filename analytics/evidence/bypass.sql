-- The production deployments of services that use a component: through it, around it, or not known.
with made as (
    select calendar.period_start, deployment_traces.deployment_id, deployment_traces.service, deployment_traces.finished_at,
        deployment_traces.source, deployment_traces.instance, deployment_traces.url, adoption_status.component_id,
        case
            when array_has(deployment_traces.went_around, adoption_status.component_id) then 'around'
            when array_has(deployment_traces.went_through, adoption_status.component_id) then 'through'
            else 'unknown'
        end as way
    from calendar
    join deployment_traces on deployment_traces.day = calendar.day
    join adoption_status on adoption_status.service = deployment_traces.service
        and adoption_status.valid_from <= deployment_traces.finished_at
        and (adoption_status.valid_to is null or deployment_traces.finished_at < adoption_status.valid_to)
    where adoption_status.status = 'adopted' and calendar.period_start < calendar.as_of
),
placed as (
    select 'component' as scope_kind, component_id as scope, made.* from made
    union all
    select 'component_team', made.component_id || '/' || scopes.scope, made.*
    from made
    join scopes on scopes.service = made.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= made.finished_at and scopes.valid_to > made.finished_at
)
select made.deployment_id, made.service, made.component_id, made.way, made.finished_at, made.source, made.instance, made.url,
    made.way <> 'unknown' as is_counted,
    case when made.way = 'unknown' then 'it does not show by which way it went' end as reason,
    made.scope_kind, made.scope, made.period_start
from placed as made
