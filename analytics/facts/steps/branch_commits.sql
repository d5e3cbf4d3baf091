-- One row per merged pull request and commit of its branch, as far as they were listed.
with pulls as (
    select * from observed.pull_requests where part_of is null and state = 'merged' and not is_deleted
),
listed as (
    select part_of as entity_id, commit_shas,
        row_number() over (partition by part_of order by occurred_at desc, entity_id) as place
    from observed.pull_requests
    where moment = 'commits_listed'
)
select distinct pulls.entity_id, pulls.repository, pulls.merged_at,
    unnest(coalesce(listed.commit_shas, pulls.commit_shas)) as sha
from pulls
left join listed on listed.entity_id = pulls.entity_id and listed.place = 1
