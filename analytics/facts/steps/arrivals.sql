-- One row per change and service: the commit by which it arrived in production first.
with contained as (
    select changes.origin_id, changes.change_id, changes.repository, change_commits.sha, attribution.service,
        attribution.deployment_id, attribution.attribution_status,
        row_number() over (
            partition by changes.origin_id, attribution.service
            order by attribution.deployed_at, attribution.deployment_id, changes.change_id <> changes.origin_id,
                changes.change_id, change_commits.sha
        ) as place
    from changes
    join change_commits on change_commits.change_id = changes.change_id
        and change_commits.role in ('direct', 'merge', 'carrier')
    join attribution on attribution.repository = change_commits.repository and attribution.sha = change_commits.sha
    -- a service receives what path rules give it; without rules it receives everything
    where changes.services is null or array_has(changes.services, attribution.service)
)
select * exclude (place) from contained where place = 1
