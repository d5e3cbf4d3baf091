-- One row per way by which deliveries arrive: the newest, the usual pause between them, and whether it has gone silent.
--
-- A way is a source, a connection and a channel. Its usual pause is the 95th percentile, by nearest rank, of
-- the pauses between the hours in which something came. It is silent when nothing has come for three such pauses
-- and for at least 30 hours. A way by which something came on fewer than five days has no rhythm yet,
-- so a file that was read once is never silent.
with bounds as (
    select max(as_of) as as_of from calendar
),
hours as (
    select source, connection, channel, date_trunc('hour', received_at) as hour,
        count(*) as deliveries, sum(observation_count) as observations, sum(rejection_count) as rejections,
        max(received_at) as newest_at
    from deliveries
    group by source, connection, channel, date_trunc('hour', received_at)
),
paused as (
    select hours.*,
        seconds_between(lag(hour) over (partition by source, connection, channel order by hour), hour) as pause_seconds
    from hours
),
ranked as (
    select paused.*,
        row_number() over (partition by source, connection, channel order by pause_seconds nulls last, hour) as place,
        count(pause_seconds) over (partition by source, connection, channel) as pauses
    from paused
),
ways as (
    select source, connection, channel, cast(sum(deliveries) as bigint) as deliveries,
        cast(sum(observations) as bigint) as observations, cast(sum(rejections) as bigint) as rejections,
        max(newest_at) as newest_at, count(distinct date_trunc('day', hour)) as days,
        min(pause_seconds) filter (where place >= ceil(0.95 * pauses)) as usual_pause_seconds
    from ranked
    group by source, connection, channel
)
select source, connection, channel, deliveries, observations, rejections, newest_at, days,
    case when days >= 5 then usual_pause_seconds end as usual_pause_seconds,
    seconds_between(newest_at, as_of) as silent_seconds,
    coalesce(days >= 5 and seconds_between(newest_at, as_of) > greatest(30.0 * 3600.0, 3.0 * usual_pause_seconds), false) as is_stale
from ways
cross join bounds
order by is_stale desc, newest_at, source, connection, channel
