-- One row per commit, change to which it belongs, and the part that it plays there.
--
-- `direct`: pushed by itself. `original`: written on the branch of a pull request. `merge`: what the
-- merge left on the base branch. `carrier`: the merge of another pull request, which carried this one
-- further (branch into branch). `rebased`: a copy that the merge wrote anew. `container`: the merge of
-- a pull request that only carried others, which is no change. A deployment that contains a `direct`,
-- `merge` or `carrier` commit contains the change; merge commits pushed by themselves are no changes.
select repository, sha, entity_id as change_id, role from pull_commits
union all
select commits.repository, commits.sha, commits.repository || '@' || commits.sha, 'direct'
from commits
left anti join pull_commits on pull_commits.repository = commits.repository and pull_commits.sha = commits.sha
-- whether a commit without told parents is a merge is not known
where commits.parents is not null and coalesce(cardinality(commits.parents), 0) <= 1
