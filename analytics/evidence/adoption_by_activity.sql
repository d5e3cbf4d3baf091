-- The production deployments behind an adoption by activity: how their service stood at the time, and the way that
-- they show where the component can be told by it.
with shown as (
    select unnest(went_through) as component_id from deployment_traces
    union
    select unnest(went_around) from deployment_traces
),
made as (
    select calendar.period_start,
        case
            when shown.component_id is null then null
            when array_has(deployment_traces.went_through, adoption_status.component_id) then 'through'
            when array_has(deployment_traces.went_around, adoption_status.component_id) then 'around'
            else 'not shown'
        end as way, deployments.deployment_id, deployments.service, deployments.finished_at, deployments.version,
        deployments.url, adoption_status.component_id, adoption_status.status, adoption_status.fit,
        adoption_status.evidence_ref, adoption_status.alternative
    from calendar
    join deployments on deployments.day = calendar.day
    join adoption_status on adoption_status.service = deployments.service
        and adoption_status.valid_from <= deployments.finished_at
        and (adoption_status.valid_to is null or deployments.finished_at < adoption_status.valid_to)
    left join shown on shown.component_id = adoption_status.component_id
    left join deployment_traces on deployment_traces.deployment_id = deployments.deployment_id
    where deployments.tier = 'production' and deployments.changed_running_version and calendar.period_start < calendar.as_of
),
placed as (
    select 'component' as scope_kind, component_id as scope, made.* from made
    union all
    select 'component_team', made.component_id || '/' || scopes.scope, made.*
    from made
    join scopes on scopes.service = made.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= made.finished_at and scopes.valid_to > made.finished_at
)
select made.deployment_id, made.service, made.component_id, made.finished_at, made.version, made.status, made.way, made.alternative,
    made.evidence_ref, made.url,
    made.fit = 'fits' as is_counted,
    case made.fit when 'does_not_fit' then 'the component is not made for it' when 'unknown' then 'not known whether it fits' end as reason,
    made.scope_kind, made.scope, made.period_start
from placed as made
