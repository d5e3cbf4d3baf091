-- The deployments of `attribution_deployed.sql` once more, of the services from which some was taken away again.
with revised as (
    select service, environment, track, deployment_id, finished_at, taken_away_at, unnest(revisions) as revision
    from deployments
    where tier = 'production' and outcome = 'succeeded' and reached and service is not null and environment is not null
        and finished_at is not null
        and service in (select distinct service from deployments where taken_away_at is not null)
)
select service, environment, track, split_part(revision, '@', 1) as repository, split_part(revision, '@', 2) as sha,
    deployment_id, finished_at, taken_away_at
from revised
where split_part(revision, '@', 1) <> '' and split_part(revision, '@', 2) <> ''
