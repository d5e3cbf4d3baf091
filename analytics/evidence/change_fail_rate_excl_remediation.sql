-- The planned deployments behind a change fail rate, and the repairs and young ones that are left out.
select deployment_id, service, kind, version, sha, finished_at, mature_at, failed, is_rework, evidence, because,
    evidence_items, incident_ids, impaired_at, url,
    matured and not is_rework as is_counted,
    case when is_rework then 'made to repair something'
        when not matured then 'too young: its failures may not be known yet' end as reason,
    scope_kind, scope, period_start
from judged_deployments
