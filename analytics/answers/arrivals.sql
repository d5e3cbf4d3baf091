-- What arrived, by source and kind: how much of it was understood, rejected or ignored, and the newest.
select source, coalesce(event_type, channel) as event_type, count(*) as deliveries, sum(observation_count) as observations,
    sum(rejection_count) as rejections, count(ignored) as ignored, max(ignored) as ignored_because,
    max(received_at) as newest_at
from deliveries
group by source, coalesce(event_type, channel)
order by source, event_type
