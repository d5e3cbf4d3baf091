-- The production deployments behind a blast radius: which depended on the component.
with made as (
    select calendar.period_start, deployments.deployment_id, deployments.service, deployments.finished_at, deployments.version,
        deployments.url, adoption_status.component_id, adoption_status.status, adoption_status.fit,
        adoption_status.evidence_ref, adoption_status.alternative
    from calendar
    join deployments on deployments.day = calendar.day
    join adoption_status on adoption_status.service = deployments.service
        and adoption_status.valid_from <= deployments.finished_at
        and (adoption_status.valid_to is null or deployments.finished_at < adoption_status.valid_to)
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
select made.deployment_id, made.service, made.component_id, made.finished_at, made.version, made.status, made.alternative,
    made.evidence_ref, made.url,
    true as is_counted,
    cast(null as varchar) as reason,
    made.scope_kind, made.scope, made.period_start
from placed as made
