-- Parts of deliveries that were not understood, by source and reason; never any value of a body.
--
-- What was sent twice is the same part of the same body, and is not understood once.
select source || ': ' || reason as subject, count(distinct concat_ws(' ', body_sha256, item, pointer)) as items,
    max(received_at) as newest_at,
    first_value(message order by received_at desc, delivery_id, item) as example,
    cast(null as varchar) as url, cast(null as varchar) as suggestion
from (
    select rejections.source, rejections.reason, rejections.message, rejections.received_at, rejections.delivery_id,
        -- one whose delivery has expired, or has no body any more since somebody was forgotten, stands for itself
        coalesce(
            nullif(deliveries.body_sha256, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
            rejections.delivery_id
        ) as body_sha256,
        coalesce(cast(rejections.item as varchar), '-') as item, rejections.pointer
    from rejections
    left join deliveries on deliveries.delivery_id = rejections.delivery_id
) as rejected
group by source, reason
order by items desc, subject
