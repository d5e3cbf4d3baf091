-- One row per commit and pull request that has it on its branch or as its merge, in the order of the merges.
--
-- Of pull requests built upon each other, each commit belongs to the one that was merged first.
select *,
    row_number() over (partition by repository, sha order by merged_at, entity_id, is_merge) as place
from (
    select entity_id, repository, merged_at, sha, false as is_merge from branch_commits
    union all
    select entity_id, repository, merged_at, merge_sha, true from merged_pulls where merge_sha is not null
) as claims
