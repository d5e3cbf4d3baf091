-- One row per change as its own sources tell it, before it is compared with others.
with pulls as (
    select pulls.* exclude (repository), coalesce(repository_names.repository, pulls.repository) as repository
    from observed.pull_requests as pulls
    left join repository_names on repository_names.name = pulls.repository
    left anti join change_commits as containers on containers.change_id = pulls.entity_id and containers.role = 'container'
    where pulls.part_of is null and pulls.state = 'merged' and not pulls.is_deleted
),
ready as (
    select part_of as entity_id, max(ready_at) as ready_at
    from observed.pull_requests where moment = 'ready' group by part_of
),
reviews as (
    -- only what somebody else said counts; a bot and the author are nobody; a review of another repository is of another pull request
    select pulls.entity_id, reviews.submitted_at, reviews.state
    from observed.reviews as reviews
    left join repository_names on repository_names.name = reviews.repository
    join pulls on pulls.entity_id = reviews.pull_request
        and pulls.repository = coalesce(repository_names.repository, reviews.repository)
    where reviews.part_of is null and not reviews.is_deleted and reviews.state <> 'pending'
        and not coalesce(reviews.is_bot, false)
        and not coalesce(reviews.is_author, reviews.reviewer = pulls.author, false)
),
reviewed as (
    -- what was said of a draft has not picked up the change
    select pulls.entity_id,
        min(reviews.submitted_at) filter (
            where reviews.submitted_at >= coalesce(ready.ready_at, pulls.ready_at, pulls.opened_at)
        ) as first_review_at,
        min(reviews.submitted_at) filter (where reviews.state = 'approved') as approved_at
    from pulls
    join reviews on reviews.entity_id = pulls.entity_id
    left join ready on ready.entity_id = pulls.entity_id
    group by pulls.entity_id
),
parts as (
    select change_commits.change_id, change_commits.role, commits.*,
        coalesce(cast(cardinality(commits.parents) as bigint), 0) > 1 as is_merge
    from change_commits
    join commits on commits.repository = change_commits.repository and commits.sha = change_commits.sha
    where change_commits.role in ('direct', 'original', 'merge', 'rebased')
),
started as (
    select change_id,
        min(least(coalesce(authored_at, committed_at), coalesce(pushed_at, authored_at)))
            filter (where role = 'original') as committed_at,
        -- sorted by itself: an aggregate with an order of its own is made group by group
        array_sort(array_agg(least(coalesce(authored_at, committed_at), coalesce(pushed_at, authored_at)))
            filter (where role = 'original' and not is_merge), 'ASC', 'NULLS LAST') as commit_times,
        bool_or(pushed_at < authored_at) filter (where role = 'original') as is_push_bound,
        max(agent) filter (where role = 'original') as agent,
        -- the merge speaks for a change of one commit, or of which no commit is known; else its commits do, where all of
        -- them say the same: what was squashed quotes the messages of all, and one of them is not the whole
        coalesce(
            case when count(*) filter (where role = 'original' and not is_merge) <= 1
                then max(revert_of) filter (where role in ('direct', 'merge')) end,
            case when bool_and(revert_of is not null or is_merge) filter (where role <> 'merge') then min(revert_of) end) as revert_of,
        max(revert_of) as mentioned_revert_of,
        coalesce(
            case when count(*) filter (where role = 'original' and not is_merge) <= 1
                then max(picked_from) filter (where role in ('direct', 'merge')) end,
            case when bool_and(picked_from is not null or role <> 'original') then min(picked_from) end) as picked_from,
        -- the patch of a branch of several commits is not that of any of them, nor that of the last one after a rebase
        coalesce(
            case when not bool_or(role = 'rebased')
                then max(patch_id) filter (where role in ('direct', 'merge') and not is_merge) end,
            case when count(*) filter (where role = 'original') = 1 then max(patch_id) end) as patch_id,
        coalesce(
            case when not bool_or(role = 'rebased')
                then bool_and(is_empty) filter (where role in ('direct', 'merge') and not is_merge) end,
            bool_and(is_empty) filter (where role = 'original' and not is_merge)) as is_empty
    from parts
    group by change_id
),
hotfixes as (
    -- a rule of the organisation says that such a pull request mends something
    select distinct marked.entity_id
    from (
        select entity_id, 'label' as kind, lower(label) as mark
        from (select entity_id, unnest(labels) as label from pulls) as labelled
        union all
        select entity_id, 'branch', lower(head_ref) from pulls where head_ref is not null
    ) as marked
    join hotfix_rules on hotfix_rules.kind = marked.kind and marked.mark like hotfix_rules.pattern
),
squashed as (
    -- a squash commit's own time measures CI only, so it never beats the opening of the pull request
    select pulls.entity_id, commits.authored_at
    from pulls
    join commits on commits.repository = pulls.repository and commits.sha = pulls.merge_sha and commits.authored_at < pulls.opened_at
),
pushed as (
    select change_id, repository, sha, 'direct_commit' as kind,
        least(coalesce(authored_at, committed_at), coalesce(pushed_at, authored_at)) as committed_at,
        case when pushed_at < authored_at then 'push_bound' else 'author_time' end as start_basis,
        committed_at as merged_at, revert_of, picked_from, patch_id, is_empty,
        case when is_bot then 'bot' when agent is not null then 'agent_assisted' else 'human' end as actor_kind
    from parts
    where role = 'direct'
)
select pulls.entity_id as change_id, pulls.repository, pulls.merge_sha as sha, 'pull_request' as kind,
    coalesce(started.committed_at, squashed.authored_at, pulls.opened_at) as committed_at,
    case
        when started.committed_at is null and squashed.authored_at is null then 'pr_opened'
        when started.committed_at is null then 'last_known'
        when started.is_push_bound then 'push_bound'
        else 'author_time'
    end as start_basis,
    pulls.opened_at, coalesce(ready.ready_at, pulls.ready_at) as ready_at,
    reviewed.first_review_at, reviewed.approved_at, pulls.merged_at,
    pulls.commit_count as commits, started.commit_times, pulls.additions, pulls.deletions,
    coalesce(pulls.title_is_revert, false) as says_revert,
    coalesce(pulls.reverts, started.revert_of,
        case when pulls.title_is_revert then started.mentioned_revert_of end) as takes_back,
    coalesce(pulls.backport_of, started.picked_from) as copy_of, started.patch_id, started.is_empty,
    hotfixes.entity_id is not null as is_hotfix,
    case
        when pulls.is_bot then 'bot'
        when coalesce(pulls.agent, started.agent) is not null then 'agent_assisted'
        when pulls.is_bot is null then 'unknown'
        else 'human'
    end as actor_kind,
    pulls.url
-- hotfixes are few, though the engine cannot foresee it
from hotfixes
right join (
    pulls
    left join started on started.change_id = pulls.entity_id
    left join ready on ready.entity_id = pulls.entity_id
    left join reviewed on reviewed.entity_id = pulls.entity_id
    left join squashed on squashed.entity_id = pulls.entity_id
) on hotfixes.entity_id = pulls.entity_id
union all
select change_id, repository, sha, kind, committed_at, start_basis, null, null, null, null, merged_at, 1, make_array(committed_at), null, null,
    false, revert_of, picked_from, patch_id, is_empty, false, actor_kind, null
from pushed
