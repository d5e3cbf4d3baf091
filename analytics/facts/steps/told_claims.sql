-- One row per commit and pull request that has it on its branch or as its merge.
select entity_id, repository, merged_at, sha, false as is_merge from branch_commits
union all
select entity_id, repository, merged_at, merge_sha, true from merged_pulls where merge_sha is not null
