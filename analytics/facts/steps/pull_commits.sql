-- One row per commit of a merged pull request, and the part that it plays there.
with merged as (
    select pulls.entity_id, pulls.repository, pulls.merge_sha as sha
    from merged_pulls as pulls
    left anti join containers on containers.entity_id = pulls.entity_id
    where pulls.merge_sha is not null
),
carried_on as (
    select carried.entity_id, further.repository, further.merge_sha as sha
    from carried_pulls as carried
    join branch_commits on branch_commits.repository = carried.repository and branch_commits.sha = carried.sha
    join merged_pulls as further on further.entity_id = branch_commits.entity_id
    where further.merge_sha is not null and further.entity_id <> carried.entity_id
),
untold as (
    -- what the merge left is not told, but the whole branch is: it arrives as it was written
    select branch_commits.entity_id, branch_commits.repository, branch_commits.sha
    from branch_commits
    join merged_pulls as pulls on pulls.entity_id = branch_commits.entity_id
    left anti join containers on containers.entity_id = pulls.entity_id
    where pulls.merge_sha is null and branch_commits.is_complete
),
followed as (
    select untold.entity_id, unnest(commits.parents) as sha
    from untold
    join commits on commits.repository = untold.repository and commits.sha = untold.sha
),
carriers as (
    -- nothing else comes twice
    select repository, sha, entity_id from carried_pulls
    union
    select repository, sha, entity_id from carried_on
    union
    -- with its newest commit, which no other one of the branch follows
    select untold.repository, untold.sha, untold.entity_id
    from untold
    left anti join followed on followed.entity_id = untold.entity_id and followed.sha = untold.sha
),
written as (
    -- at the instant of the merge, with the author time of an original; a pick that names its origin is no part of a merge
    select branch_commits.entity_id, copies.repository, copies.sha, copies.authored_at, count(*) as originals,
        abs(seconds_between(copies.committed_at, branch_commits.merged_at)) as seconds_off
    from branch_commits
    join commits as originals on originals.repository = branch_commits.repository and originals.sha = branch_commits.sha
    join commits as copies on copies.repository = originals.repository and copies.authored_at = originals.authored_at
    cross join settings
    where copies.sha <> originals.sha and coalesce(cast(cardinality(copies.parents) as bigint), 0) = 1
        and copies.committed_at > copies.authored_at
        and abs(seconds_between(copies.committed_at, branch_commits.merged_at)) <= settings.skew_tolerance_seconds
        and (copies.picked_from is null or copies.picked_from = originals.picked_from)
    group by branch_commits.entity_id, branch_commits.merged_at, copies.repository, copies.sha, copies.authored_at, copies.committed_at
),
compared as (
    select written.entity_id, written.repository, written.sha, written.originals,
        bool_or(written.sha = pulls.merge_sha) over (partition by written.entity_id) as is_rebase,
        row_number() over (
            partition by written.entity_id, written.authored_at
            order by case when written.sha = pulls.merge_sha then 0 else 1 end, written.seconds_off, written.sha
        ) as place
    from written
    join merged_pulls as pulls on pulls.entity_id = written.entity_id
),
rebased as (
    -- a rebase leaves a copy of an original as its merge, where others leave a commit of their own, and copies each original once
    select entity_id, repository, sha from compared where is_rebase and place <= originals
)
select repository, sha, entity_id, 'original' as role from commit_claims where is_first and not is_merge
union all
select repository, sha, entity_id, 'merge' from merged
union all
select repository, merge_sha, entity_id, 'container' from merged_pulls as pulls
    where merge_sha is not null and entity_id in (select entity_id from containers)
union all
select repository, sha, entity_id, 'carrier' from carriers
union all
select rebased.repository, rebased.sha, rebased.entity_id, 'rebased'
from rebased
left anti join commit_claims on commit_claims.repository = rebased.repository and commit_claims.sha = rebased.sha
