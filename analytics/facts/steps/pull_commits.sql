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
carriers as (
    -- nothing else comes twice
    select repository, sha, entity_id from carried_pulls
    union
    select repository, sha, entity_id from carried_on
),
rebased as (
    -- written anew at the instant of the merge, with the author time of an original
    select distinct branch_commits.entity_id, branch_commits.repository, copies.sha
    from branch_commits
    join commits as originals on originals.repository = branch_commits.repository and originals.sha = branch_commits.sha
    join commits as copies on copies.repository = originals.repository and copies.authored_at = originals.authored_at
    cross join settings
    where copies.sha <> originals.sha and coalesce(cast(cardinality(copies.parents) as bigint), 0) = 1
        and copies.committed_at > copies.authored_at
        and abs(seconds_between(copies.committed_at, branch_commits.merged_at)) <= settings.skew_tolerance_seconds
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
