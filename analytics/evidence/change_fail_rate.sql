-- The deployments behind a change fail rate: which failed, by what evidence, and which are too young.
select deployment_id, service, kind, version, sha, finished_at, mature_at, failed, evidence, because, evidence_items,
    incident_ids, impaired_at, url,
    matured as is_counted,
    case when not matured then 'too young: its failures may not be known yet' end as reason,
    scope_kind, scope, period_start
from judged_deployments
