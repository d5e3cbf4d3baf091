-- One row per change, deployed or not: a merged pull request, or a commit pushed without one.
--
-- The clock starts at the earliest original commit, bounded by its first observed push; where the
-- originals are not known it starts when the pull request was opened, and says so. Merge commits
-- are no changes. A commit that turns out to belong to a pull request stops being one by itself.
with pulls as (
    select * from observed.pull_requests where part_of is null and state = 'merged' and not is_deleted
),
listed as (
    select part_of as entity_id, commit_shas,
        row_number() over (partition by part_of order by occurred_at desc, entity_id) as place
    from observed.pull_requests
    where moment = 'commits_listed'
),
ready as (
    select part_of as entity_id, max(ready_at) as ready_at
    from observed.pull_requests where moment = 'ready' group by part_of
),
originals as (
    select pulls.entity_id, pulls.repository, unnest(coalesce(listed.commit_shas, pulls.commit_shas)) as sha
    from pulls
    left join listed on listed.entity_id = pulls.entity_id and listed.place = 1
),
started as (
    select originals.entity_id,
        min(least(coalesce(commits.authored_at, commits.committed_at), coalesce(commits.pushed_at, commits.authored_at))) as committed_at,
        bool_or(commits.pushed_at < commits.authored_at) as is_push_bound,
        max(commits.agent) as agent
    from originals
    join commits on commits.repository = originals.repository and commits.sha = originals.sha
    group by originals.entity_id
),
pulled as (
    select pulls.entity_id as change_id, pulls.repository, pulls.merge_sha as sha, 'pull_request' as kind,
        coalesce(started.committed_at, merge_commit.authored_at, pulls.opened_at) as committed_at,
        case
            when started.committed_at is null and merge_commit.authored_at is null then 'pr_opened'
            when started.committed_at is null then 'last_known'
            when started.is_push_bound then 'push_bound'
            else 'author_time'
        end as start_basis,
        pulls.opened_at, ready.ready_at, pulls.merged_at,
        pulls.commit_count as commits, pulls.additions, pulls.deletions,
        coalesce(pulls.title_is_revert, false) as is_revert,
        case
            when pulls.is_bot then 'bot'
            when coalesce(pulls.agent, started.agent) is not null then 'agent_assisted'
            when pulls.is_bot is null then 'unknown'
            else 'human'
        end as actor_kind,
        pulls.url
    from pulls
    left join started on started.entity_id = pulls.entity_id
    left join ready on ready.entity_id = pulls.entity_id
    -- a squash commit's own time measures CI only, so it never beats the opening of the pull request
    left join commits as merge_commit on merge_commit.repository = pulls.repository and merge_commit.sha = pulls.merge_sha
        and merge_commit.authored_at < pulls.opened_at
),
belonging as (
    select repository, sha from originals
    union
    select repository, merge_sha from pulls where merge_sha is not null
),
direct as (
    select commits.repository || '@' || commits.sha as change_id, commits.repository, commits.sha, 'direct_commit' as kind,
        least(coalesce(commits.authored_at, commits.committed_at), coalesce(commits.pushed_at, commits.authored_at)) as committed_at,
        case when commits.pushed_at < commits.authored_at then 'push_bound' else 'author_time' end as start_basis,
        commits.committed_at as merged_at,
        commits.revert_of is not null as is_revert,
        case when commits.is_bot then 'bot' when commits.agent is not null then 'agent_assisted' else 'human' end as actor_kind
    from commits
    left anti join belonging on belonging.repository = commits.repository and belonging.sha = commits.sha
    where commits.parents is not null and coalesce(cardinality(commits.parents), 0) <= 1
)
select change_id, repository, sha, kind, committed_at, start_basis, opened_at, ready_at, merged_at, commits, additions,
    deletions, is_revert, actor_kind, local_day(merged_at) as day, url
from pulled
union all
select change_id, repository, sha, kind, committed_at, start_basis,
    null as opened_at, null as ready_at, merged_at, 1 as commits, null as additions,
    null as deletions, is_revert, actor_kind, local_day(merged_at) as day, null as url
from direct
