-- One row per entity: its newest statement. Ties are broken by dialect and content, never by arrival.
with ranked as (
    select *,
        row_number() over (
            partition by entity_id
            order by version_rank desc, dialect_version desc, observation_id desc, received_at, delivery_id
        ) as place
    from stated
)
select * exclude (place) from ranked where place = 1
