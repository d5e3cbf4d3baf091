-- One row per commit, change to which it belongs, and the part that it plays there.
--
-- `direct`: pushed by itself. `original`: written on the branch of a pull request. `merge`: what the
-- merge left on the base branch. `carrier`: the merge of another pull request, which carried this one
-- further (branch into branch). `rebased`: a copy that the merge wrote anew. `container`: the merge of
-- a pull request that only carried others, which is no change. A deployment that contains a `direct`,
-- `merge` or `carrier` commit contains the change; merge commits pushed by themselves are no changes.
with pulls as (
    select * from observed.pull_requests where part_of is null and state = 'merged' and not is_deleted
),
listed as (
    select part_of as entity_id, commit_shas,
        row_number() over (partition by part_of order by occurred_at desc, entity_id) as place
    from observed.pull_requests
    where moment = 'commits_listed'
),
branched as (
    select distinct pulls.entity_id, pulls.repository, pulls.merged_at,
        unnest(coalesce(listed.commit_shas, pulls.commit_shas)) as sha
    from pulls
    left join listed on listed.entity_id = pulls.entity_id and listed.place = 1
),
claimed as (
    -- of pull requests built upon each other, each commit belongs to the one that was merged first
    select *,
        row_number() over (partition by repository, sha order by merged_at, entity_id, is_merge) as place
    from (
        select entity_id, repository, merged_at, sha, false as is_merge from branched
        union all
        select entity_id, repository, merged_at, merge_sha, true from pulls where merge_sha is not null
    ) as claims
),
containers as (
    -- every commit of its branch came by another pull request, or is a merge
    select branched.entity_id
    from branched
    join claimed on claimed.repository = branched.repository and claimed.sha = branched.sha and claimed.place = 1
    left join commits on commits.repository = branched.repository and commits.sha = branched.sha
    group by branched.entity_id
    having not bool_or(claimed.entity_id = branched.entity_id and coalesce(cardinality(commits.parents), 0) <= 1)
        and bool_or(claimed.entity_id <> branched.entity_id)
),
merged as (
    select pulls.entity_id, pulls.repository, pulls.merge_sha as sha
    from pulls
    left anti join containers on containers.entity_id = pulls.entity_id
    where pulls.merge_sha is not null
),
carried as (
    select merged.entity_id, further.repository, further.merge_sha as sha
    from merged
    join branched on branched.repository = merged.repository and branched.sha = merged.sha
        and branched.entity_id <> merged.entity_id
    join pulls as further on further.entity_id = branched.entity_id
    where further.merge_sha is not null
),
carried_on as (
    select carried.entity_id, further.repository, further.merge_sha as sha
    from carried
    join branched on branched.repository = carried.repository and branched.sha = carried.sha
    join pulls as further on further.entity_id = branched.entity_id
    where further.merge_sha is not null and further.entity_id <> carried.entity_id
),
rebased as (
    -- written anew at the instant of the merge, with the author time of an original
    select distinct branched.entity_id, branched.repository, copies.sha
    from branched
    join commits as originals on originals.repository = branched.repository and originals.sha = branched.sha
    join commits as copies on copies.repository = originals.repository and copies.authored_at = originals.authored_at
    cross join settings
    where copies.sha <> originals.sha and coalesce(cardinality(copies.parents), 0) = 1
        and copies.committed_at > copies.authored_at
        and abs(seconds_between(copies.committed_at, branched.merged_at)) <= settings.skew_tolerance_seconds
),
belonging as (
    select repository, sha, entity_id, 'original' as role from claimed where place = 1 and not is_merge
    union
    select repository, sha, entity_id, 'merge' from merged
    union
    select repository, merge_sha, entity_id, 'container' from pulls
        where merge_sha is not null and entity_id in (select entity_id from containers)
    union
    select repository, sha, entity_id, 'carrier' from carried
    union
    select repository, sha, entity_id, 'carrier' from carried_on
    union
    select rebased.repository, rebased.sha, rebased.entity_id, 'rebased'
    from rebased
    left anti join claimed on claimed.repository = rebased.repository and claimed.sha = rebased.sha
)
select repository, sha, entity_id as change_id, role from belonging
union all
select commits.repository, commits.sha, commits.repository || '@' || commits.sha, 'direct'
from commits
left anti join belonging on belonging.repository = commits.repository and belonging.sha = commits.sha
-- whether a commit without told parents is a merge is not known
where commits.parents is not null and coalesce(cardinality(commits.parents), 0) <= 1
