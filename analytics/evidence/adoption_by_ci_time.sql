-- The pipeline runs behind an adoption by pipeline time: how their service stood, and how long they took.
with worked as (
    select calendar.period_start, ci_runs.run_id, ci_runs.service, ci_runs.pipeline_name, ci_runs.finished_at,
        ci_runs.duration_seconds, ci_runs.is_conclusive, ci_runs.url, adoption_status.component_id, adoption_status.status,
        adoption_status.fit
    from calendar
    join ci_runs on ci_runs.day = calendar.day
    join adoption_status on adoption_status.service = ci_runs.service
        and adoption_status.valid_from <= ci_runs.finished_at
        and (adoption_status.valid_to is null or ci_runs.finished_at < adoption_status.valid_to)
    where calendar.period_start < calendar.as_of
),
placed as (
    select 'component' as scope_kind, component_id as scope, worked.* from worked
    union all
    select 'component_team', worked.component_id || '/' || scopes.scope, worked.*
    from worked
    join scopes on scopes.service = worked.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= worked.finished_at and scopes.valid_to > worked.finished_at
)
select worked.run_id, worked.service, worked.component_id, worked.pipeline_name, worked.finished_at, worked.duration_seconds,
    worked.status, worked.url,
    worked.fit = 'fits' and worked.is_conclusive and coalesce(worked.duration_seconds > 0, false) as is_counted,
    case
        when worked.fit = 'does_not_fit' then 'the component is not made for it'
        when worked.fit = 'unknown' then 'not known whether it fits'
        when not worked.is_conclusive then 'it was broken off and says nothing'
        when not coalesce(worked.duration_seconds > 0, false) then 'its duration is not known'
    end as reason,
    worked.scope_kind, worked.scope, worked.period_start
from placed as worked
