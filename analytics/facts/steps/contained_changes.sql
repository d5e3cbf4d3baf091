-- One row per change, service and commit by which the change arrived in production.
select changes.origin_id, changes.change_id, changes.repository, change_commits.sha, attribution.service,
    attribution.deployment_id, attribution.attribution_status, attribution.deployed_at
from changes
join change_commits on change_commits.change_id = changes.change_id
    and change_commits.role in ('direct', 'merge', 'carrier')
join attribution on attribution.repository = change_commits.repository and attribution.sha = change_commits.sha
-- a service receives what path rules give it; without rules it receives everything
where changes.services is null or array_has(changes.services, attribution.service)
