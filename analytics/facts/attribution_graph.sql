-- One row per commit with its parents, of the repositories that are deployed to production.
--
-- A commit whose parents nobody told stays here with null, so that the walk knows where it is blind.
select repository, sha, parents
from commits
where repository in (
    select distinct split_part(revision, '@', 1)
    from (select unnest(revisions) as revision from attempts where tier = 'production') as deployed
)
