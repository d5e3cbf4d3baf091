-- One row per change that takes back another one or is a copy of one.
with places as (
    -- by which names a change may be spoken of: its own, and those of its commits
    select repository, change_id as name, change_id from told_changes
    union
    select repository, sha, min(change_id)
    from change_commits
    where role in ('direct', 'original', 'merge', 'rebased')
    group by repository, sha
)
select told_changes.change_id, reverted.change_id as reverts_change_id, copied.change_id as copied_change_id
from told_changes
left join places as reverted on reverted.repository = told_changes.repository and reverted.name = told_changes.takes_back
    and reverted.change_id <> told_changes.change_id
left join places as copied on copied.repository = told_changes.repository and copied.name = told_changes.copy_of
    and copied.change_id <> told_changes.change_id
where told_changes.takes_back is not null or told_changes.copy_of is not null
