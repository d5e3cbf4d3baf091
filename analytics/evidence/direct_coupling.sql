-- The services that use any tool of a category: which, and by which vendor.
with standing as (
    select service, component_id, category, status, alternative, alternative_vendor, evidence_ref, evidence_url, period_start
    from standings
    where edge = 'end' and scope_kind = 'component' and category is not null
),
vendors as (
    select distinct category, alternative_vendor as vendor, period_start
    from standing
    where status <> 'adopted' and alternative_vendor is not null
),
placed as (
    select 'category' as scope_kind, category as scope, standing.* from standing
    union all
    -- the share of a vendor is one of all who use any tool, so those who use another are behind it too
    select 'category_vendor', standing.category || '/' || vendors.vendor, standing.*
    from standing
    join vendors on vendors.category = standing.category and vendors.period_start = standing.period_start
)
select service, component_id, case when status = 'adopted' then component_id else alternative end as tool,
    case when status <> 'adopted' then alternative_vendor end as vendor, status, evidence_ref, evidence_url as url,
    status = 'adopted' or alternative is not null as is_counted,
    case when status <> 'adopted' and alternative is null then 'no tool of the category was detected' end as reason,
    scope_kind, scope, period_start
from placed
