-- The newest parts of deliveries that were not understood; never any value of a body.
select received_at, source, connection, event_type, reason, pointer, item, message, delivery_id
from rejections
order by received_at desc, delivery_id, item
