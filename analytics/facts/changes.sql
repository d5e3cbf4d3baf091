-- One row per change, deployed or not: a merged pull request, or a commit pushed without one.
--
-- The clock starts at the earliest original commit, bounded by its first observed push; where the
-- originals are not known it starts when the pull request was opened, and says so. Merge commits
-- are no changes, nor is a pull request that only carried others. A commit that turns out to belong
-- to a pull request stops being one by itself. A cherry-pick is the same change again: `origin_id`
-- names the first of them. `services` is null where no path rule speaks of the repository, and empty
-- where rules do but none fits, or no paths are known; `own_services` are those of them whose own paths it
-- touched, and not only a library that they share.
-- `start_basis` says where the clock starts: author_time, push_bound (the push, which came first), last_known (of a
-- squashed commit, the only one that is known) or pr_opened.
with same_patch as (
    -- what brings a reverted change back has its patch too, and is no copy
    select repository, patch_id,
        first_value(root_id order by committed_at, merged_at, change_id) as origin_id
    from rooted_changes
    where patch_id is not null and takes_back is null and not coalesce(is_empty, false)
    group by repository, patch_id
),
rooted as (
    select rooted_changes.root_id, min(same_patch.origin_id) as origin_id
    from rooted_changes
    join same_patch on same_patch.repository = rooted_changes.repository and same_patch.patch_id = rooted_changes.patch_id
    where rooted_changes.takes_back is null
    group by rooted_changes.root_id
),
grouped as (
    select rooted_changes.*, coalesce(rooted.origin_id, rooted_changes.root_id) as origin_id
    from rooted_changes
    left join rooted on rooted.root_id = rooted_changes.root_id
),
repeated as (
    select origin_id from grouped group by origin_id having count(*) > 1
),
equivalent as (
    select grouped.origin_id, array_agg(grouped.change_id order by grouped.change_id) as equivalent_ids
    from grouped
    join repeated on repeated.origin_id = grouped.origin_id
    group by grouped.origin_id
),
ruled_paths as (
    select service_paths.service, service_paths.pattern, service_paths.is_shared,
        coalesce(repository_names.repository, service_paths.repository) as repository
    from service_paths
    left join repository_names on repository_names.name = service_paths.repository
),
path_commits as (
    select coalesce(repository_names.repository, commits.repository) as repository, commits.sha, commits.paths
    from observed.commits as commits
    left join repository_names on repository_names.name = commits.repository
    where commits.part_of is null and not commits.is_deleted
),
touched as (
    select distinct change_commits.change_id, change_commits.repository, paths.path
    from (
        select repository, sha, unnest(paths) as path
        from path_commits
        where repository in (select distinct repository from ruled_paths)
    ) as paths
    join change_commits on change_commits.repository = paths.repository and change_commits.sha = paths.sha
    join commits on commits.repository = paths.repository and commits.sha = paths.sha
    -- a merge shows the paths of everything that it brought together
    where change_commits.role in ('direct', 'original', 'merge') and coalesce(cast(cardinality(commits.parents) as bigint), 0) <= 1
),
served as (
    select touched.change_id, array_agg(distinct ruled_paths.service order by ruled_paths.service) as services,
        array_agg(distinct ruled_paths.service order by ruled_paths.service) filter (where not ruled_paths.is_shared) as own_services
    from touched
    join ruled_paths on ruled_paths.repository = touched.repository and touched.path ~ ruled_paths.pattern
    group by touched.change_id
),
ruled as (
    select distinct repository from ruled_paths
)
select grouped.change_id, grouped.repository, grouped.sha, grouped.kind, grouped.committed_at, grouped.start_basis,
    grouped.opened_at, grouped.ready_at, grouped.first_review_at, grouped.approved_at, grouped.merged_at,
    grouped.commits, grouped.commit_times, grouped.additions, grouped.deletions, grouped.is_revert, grouped.reverts_change_id, grouped.is_hotfix,
    grouped.is_revert or grouped.is_hotfix as is_remediation,
    grouped.is_empty, grouped.origin_id, array_remove(equivalent.equivalent_ids, grouped.change_id) as equivalent_ids,
    case when ruled.repository is not null then coalesce(served.services, arrow_cast(make_array(), 'List(Utf8)')) end as services,
    case when ruled.repository is not null then coalesce(served.own_services, arrow_cast(make_array(), 'List(Utf8)')) end as own_services,
    grouped.actor_kind, local_day(grouped.merged_at) as day, grouped.url
from grouped
left join equivalent on equivalent.origin_id = grouped.origin_id
left join served on served.change_id = grouped.change_id
left join ruled on ruled.repository = grouped.repository
