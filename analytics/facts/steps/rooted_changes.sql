-- One row per change, with what it takes back and of which it is a copy by name.
with chained as (
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
    from change_pointers as one
    left join change_pointers as two on two.change_id = one.reverts_change_id
    left join change_pointers as three on three.change_id = two.reverts_change_id
    left join change_pointers as second on second.change_id = one.copied_change_id
    left join change_pointers as third on third.change_id = second.copied_change_id
)
select told_changes.*, chained.reverts_change_id,
    coalesce(chained.is_revert, false) or (told_changes.says_revert and chained.reverts_change_id is null) as is_revert,
    coalesce(chained.origin_id, told_changes.change_id) as root_id
from told_changes
left join chained on chained.change_id = told_changes.change_id
