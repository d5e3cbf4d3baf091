-- The services off the path: what they use instead, since when, and by what evidence.
with off_path as (
    select service, component_id, alternative, status, is_left, valid_from as since, evidence_kind, evidence_at, evidence_ref,
        evidence_url as url, scope_kind, scope, period_start
    from standings
    where edge = 'end' and fit = 'fits' and status = 'off_path'
),
tools as (
    select distinct scope, alternative, period_start from off_path where scope_kind = 'component' and alternative is not null
),
placed as (
    select scope_kind, scope, off_path.* exclude (scope_kind, scope) from off_path
    union all
    -- the share of a tool is one of all who are off the path, so those who use another are behind it too
    select 'component_alternative', off_path.scope || '/' || tools.alternative, off_path.* exclude (scope_kind, scope)
    from off_path
    join tools on tools.scope = off_path.scope and tools.period_start = off_path.period_start
    where off_path.scope_kind = 'component'
)
select service, component_id, alternative, status, is_left, since, evidence_kind, evidence_at, evidence_ref, url,
    true as is_counted,
    case when alternative is null then 'nothing else was detected' end as reason,
    scope_kind, scope, period_start
from placed
