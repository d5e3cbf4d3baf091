-- Ways by which deliveries used to arrive and no longer do, against their usual rhythm (`source_rhythm`).
select source || ' by ' || channel || ', connection ' || connection as subject, cast(1 as bigint) as items, newest_at,
    cast(null as varchar) as example, cast(null as varchar) as url, cast(null as varchar) as suggestion
from source_rhythm
where is_stale
order by newest_at, subject
