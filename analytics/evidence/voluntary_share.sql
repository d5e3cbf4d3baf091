-- The adoptions behind a voluntary share, with their motive.
select service, component_id, motive, adopted_since, evidence_kind, evidence_at, evidence_ref, evidence_url as url,
    not is_prevalent as is_counted,
    case when is_prevalent then 'used it when tracking began' end as reason,
    scope_kind, scope, period_start
from new_adoptions
