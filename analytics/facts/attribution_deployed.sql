-- One row per production deployment that reached users and names the commit that it deployed.
select service, environment, repository, sha, deployment_id, finished_at
from attempts
where tier = 'production' and outcome = 'succeeded' and reached and service is not null and environment is not null
    and repository is not null and sha is not null and finished_at is not null
