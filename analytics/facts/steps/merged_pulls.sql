-- One row per merged pull request, under the newest name of its repository.
select pulls.entity_id, coalesce(repository_names.repository, pulls.repository) as repository, pulls.merged_at, pulls.merge_sha,
    pulls.commit_shas, pulls.commits_complete
from observed.pull_requests as pulls
left join repository_names on repository_names.name = pulls.repository
where pulls.part_of is null and pulls.state = 'merged' and not pulls.is_deleted
