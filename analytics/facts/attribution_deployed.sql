-- One row per production deployment that reached users and revision that it put there.
--
-- A deployment of several repositories has a row for each; what has no row here attributes nothing.
with revised as (
    select service, environment, track, deployment_id, finished_at, unnest(revisions) as revision
    from attempts
    where tier = 'production' and outcome = 'succeeded' and reached and service is not null and environment is not null
        and finished_at is not null
)
select service, environment, track, split_part(revision, '@', 1) as repository, split_part(revision, '@', 2) as sha,
    deployment_id, finished_at
from revised
where split_part(revision, '@', 1) <> '' and split_part(revision, '@', 2) <> ''
