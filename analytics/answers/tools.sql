-- What active services use for each category now: components of the platform, and what they chose instead.
with used as (
    select components.category, standings.service,
        case
            when standings.status = 'adopted' then components.title
            else coalesce(alternatives.title, standings.alternative)
        end as tool,
        case when standings.status <> 'adopted' then alternatives.vendor end as vendor
    from standings
    join components on components.component_id = standings.component_id
    left join alternatives on alternatives.category = components.category
        and alternatives.alternative = standings.alternative
    where standings.edge = 'end' and standings.scope_kind = 'component'
        and (standings.status = 'adopted' or standings.alternative is not null)
)
select category, tool, max(vendor) as vendor, count(distinct service) as services
from used
group by category, tool
order by category, services desc, tool
