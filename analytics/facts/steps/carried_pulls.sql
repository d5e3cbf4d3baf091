-- One row per merged pull request and merge of another one that carried it further.
select pulls.entity_id, further.repository, further.merge_sha as sha
from merged_pulls as pulls
left anti join containers on containers.entity_id = pulls.entity_id
join branch_commits on branch_commits.repository = pulls.repository and branch_commits.sha = pulls.merge_sha
    and branch_commits.entity_id <> pulls.entity_id
join merged_pulls as further on further.entity_id = branch_commits.entity_id
where pulls.merge_sha is not null and further.merge_sha is not null
