-- The deployments behind a change fail rate: which failed, by what evidence, and which are too young.
select deployments.deployment_id, deployments.service, deployments.kind, deployments.version, deployments.sha,
    deployments.finished_at, deployments.mature_at, failures.deployment_id is not null as failed, failures.evidence,
    failures.because, failures.evidence_items, failures.incident_ids, failures.impaired_at, deployments.url,
    deployments.mature_at <= calendar.as_of as is_counted,
    case when deployments.mature_at > calendar.as_of then 'too young: its failures may not be known yet' end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from deployments
left join failures on failures.deployment_id = deployments.deployment_id
join calendar on calendar.day = deployments.day
join scopes on scopes.service = deployments.service
    and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
where deployments.tier = 'production' and deployments.changed_running_version
