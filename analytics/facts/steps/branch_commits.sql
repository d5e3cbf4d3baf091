-- One row per merged pull request and commit of its branch, as far as they were listed; and whether all of them were.
with listed as (
    select part_of as entity_id, commit_shas, commits_complete,
        row_number() over (partition by part_of order by occurred_at desc, entity_id) as place
    from observed.pull_requests
    where moment = 'commits_listed'
)
select distinct merged_pulls.entity_id, merged_pulls.repository, merged_pulls.merged_at,
    unnest(coalesce(listed.commit_shas, merged_pulls.commit_shas)) as sha,
    coalesce(listed.commits_complete, merged_pulls.commits_complete) as is_complete
from merged_pulls
left join listed on listed.entity_id = merged_pulls.entity_id and listed.place = 1
