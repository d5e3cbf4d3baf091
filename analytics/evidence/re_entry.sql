-- The services that adopted in a period, and why each did.
with joined as (
    select component_id, service, adopted_since, min(motive) as motive, bool_or(is_prevalent) as is_prevalent,
        min(evidence_ref) as evidence_ref, min(evidence_url) as url
    from adoption_status
    where status = 'adopted' and fit = 'fits' and adopted_since is not null
    group by component_id, service, adopted_since
)
select joined.service, joined.component_id, joined.adopted_since, joined.motive, joined.evidence_ref, joined.url,
    joined.motive = 'voluntary' and not joined.is_prevalent as is_counted,
    case
        when joined.is_prevalent then 'it used the component when tracking began'
        when joined.motive = 'mandate' then 'a mandate was announced before'
        when joined.motive = 'default' then 'it began with the component'
    end as reason,
    standings.scope_kind, standings.scope, standings.period_start
from joined
join standings on standings.component_id = joined.component_id and standings.service = joined.service
    and joined.adopted_since >= standings.period_start and joined.adopted_since < standings.period_end
where standings.edge = 'end' and standings.fit = 'fits'
