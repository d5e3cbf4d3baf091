-- One row per commit, change to which it belongs, and the part that it plays there.
--
-- `direct`: pushed by itself. `original`: written on the branch of a pull request. `merge`: what the
-- merge left on the base branch. `carrier`: the merge of another pull request, which carried this one
-- further (branch into branch), or the newest commit of its own branch where nobody tells its merge.
-- `rebased`: a copy that the merge wrote anew. `container`: the merge of a pull request that only
-- carried others, which is no change. A deployment that contains a `direct`, `merge` or `carrier`
-- commit contains the change; merge commits pushed by themselves are no changes.
-- The commit's time says in which file a row lies: what is new must not write a repository's whole past again.
select pull_commits.repository, pull_commits.sha, pull_commits.entity_id as change_id, pull_commits.role, commits.committed_at
from pull_commits
left join commits on commits.repository = pull_commits.repository and commits.sha = pull_commits.sha
union all
select commits.repository, commits.sha, commits.repository || '@' || commits.sha, 'direct', commits.committed_at
from commits
left anti join pull_commits on pull_commits.repository = commits.repository and pull_commits.sha = commits.sha
-- whether a commit without told parents is a merge is not known
where commits.parents is not null and coalesce(cast(cardinality(commits.parents) as bigint), 0) <= 1
