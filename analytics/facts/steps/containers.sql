-- One row per merged pull request that only carried others: every commit of its branch came by another
-- pull request, or is a merge.
select branch_commits.entity_id
from branch_commits
join commit_claims on commit_claims.repository = branch_commits.repository and commit_claims.sha = branch_commits.sha
    and commit_claims.is_first
left join commits on commits.repository = branch_commits.repository and commits.sha = branch_commits.sha
group by branch_commits.entity_id
having not bool_or(commit_claims.entity_id = branch_commits.entity_id
        and coalesce(cast(cardinality(commits.parents) as bigint), 0) <= 1)
    and bool_or(commit_claims.entity_id <> branch_commits.entity_id)
