-- Parts of deliveries that were not understood, by source and reason; never any value of a body.
select source || ': ' || reason as subject, count(*) as items, max(received_at) as newest_at,
    first_value(message order by received_at desc, delivery_id, item) as example,
    cast(null as varchar) as url, cast(null as varchar) as suggestion
from rejections
group by source, reason
order by items desc, subject
