-- The services that adopted in a period, and why each did.
select service, component_id, adopted_since, motive, evidence_ref, evidence_url as url,
    motive = 'voluntary' and fit = 'fits' and not is_prevalent as is_counted,
    case
        when is_prevalent then 'it used the component when tracking began'
        when fit <> 'fits' then 'the component is not made for it'
        when motive = 'mandate' then 'a mandate was announced before'
        when motive = 'default' then 'it began with the component'
    end as reason,
    scope_kind, scope, period_start
from new_adoptions
