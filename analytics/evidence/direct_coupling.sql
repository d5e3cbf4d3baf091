-- The services that use any tool of a category: which, and by which vendor.
with standing as (
    select service, component_id, category, status, alternative, alternative_vendor, evidence_ref, evidence_url, period_start
    from standings
    where edge = 'end' and scope_kind = 'component' and category is not null
),
placed as (
    select 'category' as scope_kind, category as scope, * from standing
    union all
    select 'category_vendor', category || '/' || alternative_vendor, *
    from standing
    where status <> 'adopted' and alternative_vendor is not null
)
select service, component_id, case when status = 'adopted' then component_id else alternative end as tool,
    case when status <> 'adopted' then alternative_vendor end as vendor, status, evidence_ref, evidence_url as url,
    status = 'adopted' or alternative is not null as is_counted,
    case when status <> 'adopted' and alternative is null then 'no tool of the category was detected' end as reason,
    scope_kind, scope, period_start
from placed
