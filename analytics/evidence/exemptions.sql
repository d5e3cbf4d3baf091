-- The newest exemption of each eligible service: why, until when, and whether it is kept.
with placed as (
    select scope_kind, scope, standing_exemptions.* exclude (scope_kind, scope) from standing_exemptions
    union all
    select 'component_reason', scope || '/' || reason_code, standing_exemptions.* exclude (scope_kind, scope)
    from standing_exemptions
    where scope_kind = 'component'
)
select service, component_id,
    case when expires_at < read_at then 'expired' when review_at < read_at then 'review due' else 'open' end as state,
    reason_code, said, opened_at, review_at, expires_at, status,
    place = 1 and (expires_at >= read_at or status <> 'adopted') as is_counted,
    case
        when place > 1 then 'a later exemption took its place'
        when expires_at < read_at and status = 'adopted' then 'it ended, and the service uses the component'
    end as reason,
    scope_kind, scope, period_start
from placed
