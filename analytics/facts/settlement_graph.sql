-- The commits of `attribution_graph.sql`, of the repositories from which some deployment was taken away again.
select repository, sha, parents
from commits
where repository in (
    select distinct split_part(revision, '@', 1)
    from (select unnest(revisions) as revision from deployments where taken_away_at is not null) as taken_away
)
