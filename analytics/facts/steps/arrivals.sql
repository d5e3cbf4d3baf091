-- One row per change and service: the commit by which it arrived in production first.
with repeated as (
    -- most changes arrive by one commit
    select origin_id, service from contained_changes group by origin_id, service having count(*) > 1
),
compared as (
    select contained.*,
        row_number() over (
            partition by contained.origin_id, contained.service
            order by contained.deployed_at, contained.deployment_id, contained.change_id <> contained.origin_id,
                contained.change_id, contained.sha
        ) as place
    from contained_changes as contained
    join repeated on repeated.origin_id = contained.origin_id and repeated.service = contained.service
)
select contained.* exclude (deployed_at)
from contained_changes as contained
left anti join repeated on repeated.origin_id = contained.origin_id and repeated.service = contained.service
union all
select * exclude (deployed_at, place) from compared where place = 1
