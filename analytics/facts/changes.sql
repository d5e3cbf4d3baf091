-- One row per change, deployed or not: a merged pull request, or a commit pushed without one.
--
-- The clock starts at the earliest original commit, bounded by its first observed push; where the
-- originals are not known it starts when the pull request was opened, and says so. Merge commits
-- are no changes, nor is a pull request that only carried others. A commit that turns out to belong
-- to a pull request stops being one by itself. A cherry-pick is the same change again: `origin_id`
-- names the first of them. `services` is null where no path rule speaks of the repository, and empty
-- where rules do but none fits, or no paths are known.
with pulls as (
    select pulls.*
    from observed.pull_requests as pulls
    left anti join change_commits as containers on containers.change_id = pulls.entity_id and containers.role = 'container'
    where pulls.part_of is null and pulls.state = 'merged' and not pulls.is_deleted
),
ready as (
    select part_of as entity_id, max(ready_at) as ready_at
    from observed.pull_requests where moment = 'ready' group by part_of
),
reviews as (
    -- only what somebody else said counts; a bot and the author are nobody
    select pulls.entity_id, reviews.submitted_at, reviews.state
    from observed.reviews as reviews
    join pulls on pulls.entity_id = reviews.pull_request
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
        coalesce(cardinality(commits.parents), 0) > 1 as is_merge
    from change_commits
    join commits on commits.repository = change_commits.repository and commits.sha = change_commits.sha
    where change_commits.role in ('direct', 'original', 'merge')
),
started as (
    select change_id,
        min(least(coalesce(authored_at, committed_at), coalesce(pushed_at, authored_at)))
            filter (where role = 'original') as committed_at,
        bool_or(pushed_at < authored_at) filter (where role = 'original') as is_push_bound,
        max(agent) filter (where role = 'original') as agent,
        -- the merge speaks for the change, else its commits where all of them say the same
        coalesce(max(revert_of) filter (where role <> 'original'),
            case when bool_and(revert_of is not null or is_merge) then min(revert_of) end) as revert_of,
        max(revert_of) as mentioned_revert_of,
        coalesce(max(picked_from) filter (where role <> 'original'),
            case when bool_and(picked_from is not null or role <> 'original') then min(picked_from) end) as picked_from,
        -- the patch of a branch of several commits is not that of any of them
        coalesce(max(patch_id) filter (where role <> 'original' and not is_merge),
            case when count(*) filter (where role = 'original') = 1 then max(patch_id) end) as patch_id,
        coalesce(bool_and(is_empty) filter (where role <> 'original' and not is_merge),
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
pushed as (
    select change_id, repository, sha, 'direct_commit' as kind,
        least(coalesce(authored_at, committed_at), coalesce(pushed_at, authored_at)) as committed_at,
        case when pushed_at < authored_at then 'push_bound' else 'author_time' end as start_basis,
        committed_at as merged_at, revert_of, picked_from, patch_id, is_empty,
        case when is_bot then 'bot' when agent is not null then 'agent_assisted' else 'human' end as actor_kind
    from parts
    where role = 'direct'
),
told as (
    select pulls.entity_id as change_id, pulls.repository, pulls.merge_sha as sha, 'pull_request' as kind,
        coalesce(started.committed_at, merge_commit.authored_at, pulls.opened_at) as committed_at,
        case
            when started.committed_at is null and merge_commit.authored_at is null then 'pr_opened'
            when started.committed_at is null then 'last_known'
            when started.is_push_bound then 'push_bound'
            else 'author_time'
        end as start_basis,
        pulls.opened_at, coalesce(ready.ready_at, pulls.ready_at) as ready_at,
        reviewed.first_review_at, reviewed.approved_at, pulls.merged_at,
        pulls.commit_count as commits, pulls.additions, pulls.deletions,
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
    from pulls
    left join started on started.change_id = pulls.entity_id
    left join ready on ready.entity_id = pulls.entity_id
    left join reviewed on reviewed.entity_id = pulls.entity_id
    left join hotfixes on hotfixes.entity_id = pulls.entity_id
    -- a squash commit's own time measures CI only, so it never beats the opening of the pull request
    left join commits as merge_commit on merge_commit.repository = pulls.repository and merge_commit.sha = pulls.merge_sha
        and merge_commit.authored_at < pulls.opened_at
    union all
    select change_id, repository, sha, kind, committed_at, start_basis, null, null, null, null, merged_at, 1, null, null,
        false, revert_of, picked_from, patch_id, is_empty, false, actor_kind, null
    from pushed
),
places as (
    -- by which names a change may be spoken of: its own, and those of its commits
    select repository, change_id as name, change_id from told
    union
    select repository, sha, min(change_id)
    from change_commits
    where role in ('direct', 'original', 'merge', 'rebased')
    group by repository, sha
),
pointing as (
    select told.change_id, reverted.change_id as reverts_change_id, copied.change_id as copied_change_id
    from told
    left join places as reverted on reverted.repository = told.repository and reverted.name = told.takes_back
        and reverted.change_id <> told.change_id
    left join places as copied on copied.repository = told.repository and copied.name = told.copy_of
        and copied.change_id <> told.change_id
    where told.takes_back is not null or told.copy_of is not null
),
chained as (
    -- a revert of a revert brings the change back and is a new one; a copy of a copy has one origin. Three
    -- steps are followed, so that forged circles end.
    select one.change_id, one.reverts_change_id,
        case
            when one.reverts_change_id is null then false
            when two.reverts_change_id is null then true
            when three.reverts_change_id is null then false
            else true
        end as is_revert,
        coalesce(third.copied_change_id, second.copied_change_id, one.copied_change_id) as origin_id
    from pointing as one
    left join pointing as two on two.change_id = one.reverts_change_id
    left join pointing as three on three.change_id = two.reverts_change_id
    left join pointing as second on second.change_id = one.copied_change_id
    left join pointing as third on third.change_id = second.copied_change_id
),
original as (
    select told.*, chained.reverts_change_id,
        coalesce(chained.is_revert, false) or (told.says_revert and chained.reverts_change_id is null) as is_revert,
        coalesce(chained.origin_id, told.change_id) as root_id
    from told
    left join chained on chained.change_id = told.change_id
),
same_patch as (
    -- what brings a reverted change back has its patch too, and is no copy
    select repository, patch_id,
        first_value(root_id order by committed_at, merged_at, change_id) as origin_id
    from original
    where patch_id is not null and takes_back is null and not coalesce(is_empty, false)
    group by repository, patch_id
),
rooted as (
    select original.root_id, min(same_patch.origin_id) as origin_id
    from original
    join same_patch on same_patch.repository = original.repository and same_patch.patch_id = original.patch_id
    where original.takes_back is null
    group by original.root_id
),
grouped as (
    select original.*, coalesce(rooted.origin_id, original.root_id) as origin_id
    from original
    left join rooted on rooted.root_id = original.root_id
),
equivalent as (
    select origin_id, array_agg(change_id order by change_id) as equivalent_ids
    from grouped
    group by origin_id
    having count(*) > 1
),
touched as (
    select distinct change_commits.change_id, change_commits.repository, paths.path
    from (
        select repository, sha, unnest(paths) as path
        from observed.commits
        where part_of is null and not is_deleted and repository in (select repository from service_paths)
    ) as paths
    join change_commits on change_commits.repository = paths.repository and change_commits.sha = paths.sha
    join commits on commits.repository = paths.repository and commits.sha = paths.sha
    -- a merge shows the paths of everything that it brought together
    where change_commits.role in ('direct', 'original', 'merge') and coalesce(cardinality(commits.parents), 0) <= 1
),
served as (
    select touched.change_id, array_agg(distinct service_paths.service order by service_paths.service) as services
    from touched
    join service_paths on service_paths.repository = touched.repository and touched.path ~ service_paths.pattern
    group by touched.change_id
),
ruled as (
    select distinct repository from service_paths
)
select grouped.change_id, grouped.repository, grouped.sha, grouped.kind, grouped.committed_at, grouped.start_basis,
    grouped.opened_at, grouped.ready_at, grouped.first_review_at, grouped.approved_at, grouped.merged_at,
    grouped.commits, grouped.additions, grouped.deletions, grouped.is_revert, grouped.reverts_change_id, grouped.is_hotfix,
    grouped.is_revert or grouped.is_hotfix as is_remediation,
    grouped.is_empty, grouped.origin_id, array_remove(equivalent.equivalent_ids, grouped.change_id) as equivalent_ids,
    case when ruled.repository is not null then coalesce(served.services, arrow_cast(make_array(), 'List(Utf8)')) end as services,
    grouped.actor_kind, local_day(grouped.merged_at) as day, grouped.url
from grouped
left join equivalent on equivalent.origin_id = grouped.origin_id
left join served on served.change_id = grouped.change_id
left join ruled on ruled.repository = grouped.repository
