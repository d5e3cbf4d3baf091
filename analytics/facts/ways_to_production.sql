-- One row per service and repository from which it was deployed to production: since when.
--
-- A deployment of several repositories is a way for each of them; one whose code is not told, for the repository
-- of its configuration. `known_since` is when the commits of such a deployment were first known; null while they
-- never were.
with shipped as (
    select deployment_id, service, repository, revisions, finished_at, attribution_status
    from deployments
    where tier = 'production' and changed_running_version and service is not null
),
deployed as (
    select deployment_id, service, repository, finished_at, attribution_status from shipped where repository is not null
    union
    select deployment_id, service, split_part(revision, '@', 1), finished_at, attribution_status
    from (select deployment_id, service, finished_at, attribution_status, unnest(revisions) as revision from shipped) as revised
    where split_part(revision, '@', 1) <> ''
)
select deployed.service, deployed.repository, min(deployed.finished_at) as deployed_since,
    -- what is not known of one repository may be known of another
    min(deployed.finished_at) filter (
        where coalesce(attributed.attribution_status, deployed.attribution_status) <> 'unknown'
    ) as known_since
from deployed
left join attributed_deployments as attributed on attributed.deployment_id = deployed.deployment_id
    and attributed.repository = deployed.repository
group by deployed.service, deployed.repository
