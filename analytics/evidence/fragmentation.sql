-- The active services and the tool that each uses for a category.
select service, component_id, case when status = 'adopted' then component_id else alternative end as tool, status,
    alternative_vendor, evidence_ref, evidence_url as url,
    status = 'adopted' or alternative is not null as is_counted,
    case when status <> 'adopted' and alternative is null then 'no tool of the category was detected' end as reason,
    'category' as scope_kind, category as scope, period_start
from standings
where edge = 'end' and scope_kind = 'component' and category is not null
