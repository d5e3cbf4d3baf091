-- One row per service and repository from which it was deployed to production: since when.
--
-- `known_since` is when the commits of such a deployment were first known; null while they never were.
select service, repository, min(finished_at) as deployed_since,
    min(finished_at) filter (where attribution_status <> 'unknown') as known_since
from deployments
where tier = 'production' and changed_running_version and service is not null and repository is not null
group by service, repository
