-- One row per incident, with the one whose episode it belongs to.
with told as (
    select *, coalesce(source, '') || '/' || coalesce(instance, '') as place, coalesce(merged_into, parent) as joins
    from observed.incidents
    where part_of is null and not is_deleted
),
names as (
    select place, incident_id as name, entity_id from told
    union
    select place, entity_id as name, entity_id from told
),
joined as (
    select told.entity_id, min(names.entity_id) as into_id
    from told
    join names on names.place = told.place and names.name = told.joins and names.entity_id <> told.entity_id
    group by told.entity_id
),
rooted as (
    -- three steps are followed; a circle belongs to the first of its members
    select told.entity_id,
        case
            when one.into_id is null then told.entity_id
            when two.into_id is null then one.into_id
            when two.into_id = told.entity_id then least(told.entity_id, one.into_id)
            else coalesce(three.into_id, two.into_id)
        end as root_id
    from told
    left join joined as one on one.entity_id = told.entity_id
    left join joined as two on two.entity_id = one.into_id
    left join joined as three on three.entity_id = two.into_id
)
select told.*, rooted.root_id from told join rooted on rooted.entity_id = told.entity_id
