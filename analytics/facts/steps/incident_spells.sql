-- One row per incident and time in which it was open, with the episode to which that belongs.
--
-- An incident that was opened again is the same episode for `reopen_window`, 24 hours after it was over,
-- and a new one later. A source that opens a new incident whenever its alert fires again means the same
-- trouble for `alert_cooldown`, 30 minutes after it was over: then what an alert tells of the same services
-- of one environment goes on, unless somebody named another cause.
with pooled as (
    select root_id,
        min(impact_started_at) as impact_started_at,
        min(first_alert_at) as first_alert_at,
        min(opened_at) as opened_at,
        min(acknowledged_at) as acknowledged_at
    from incident_members
    group by root_id
),
roots as (
    -- when it was over is said by the incident that took in the others
    select root.entity_id, root.place, root.environment, root.status, root.mitigated_at, root.resolved_at,
        array_to_string(array_sort(root.service_hints), ',') as hinted,
        coalesce(array_to_string(array_sort(root.deployment_links), ','), '') || '/'
            || coalesce(array_to_string(array_sort(root.change_links), ','), '') as blamed,
        pooled.impact_started_at, pooled.first_alert_at, pooled.opened_at, pooled.acknowledged_at,
        coalesce(pooled.impact_started_at, pooled.first_alert_at, pooled.opened_at) as started_at
    from incident_members as root
    join pooled on pooled.root_id = root.entity_id
    where root.entity_id = root.root_id and not root.is_alert_only
),
alerted as (
    select *,
        lag(resolved_at) over (
            partition by place, environment, hinted, blamed order by first_alert_at, entity_id
        ) as calm_at
    from roots
    where first_alert_at is not null and hinted <> ''
),
flapping as (
    select *,
        sum(case when first_alert_at >= calm_at and seconds_between(calm_at, first_alert_at) <= 1800 then 0 else 1 end)
            over (partition by place, environment, hinted, blamed order by first_alert_at, entity_id) as series
    from alerted
),
threads as (
    select entity_id,
        first_value(entity_id) over (
            partition by place, environment, hinted, blamed, series order by first_alert_at, entity_id
        ) as thread_id
    from flapping
),
turns as (
    select part_of as entity_id, entity_id as spell_id, moment, occurred_at as at,
        lag(moment) over (partition by part_of order by occurred_at, moment desc, entity_id) as moment_before,
        lag(occurred_at) over (partition by part_of order by occurred_at, moment desc, entity_id) as over_before
    from observed.incidents
    where part_of is not null and moment in ('resolved', 'reopened') and not is_deleted
),
begun as (
    select entity_id, entity_id as spell_id, started_at as began_at, arrow_cast(null, 'Timestamp(Microsecond, Some("UTC"))') as over_before
    from roots
    union all
    -- what is said of an incident that is open again opens it once
    select turns.entity_id, turns.spell_id, turns.at, turns.over_before
    from turns
    join roots on roots.entity_id = turns.entity_id
    where turns.moment = 'reopened' and turns.moment_before = 'resolved' and turns.at > roots.started_at
),
followed as (
    select *,
        lead(over_before) over (partition by entity_id order by began_at, spell_id) as left_at,
        lead(spell_id) over (partition by entity_id order by began_at, spell_id) is null as is_last
    from begun
),
spells as (
    select followed.spell_id, followed.entity_id, coalesce(threads.thread_id, followed.entity_id) as thread_id, followed.began_at,
        case
            when followed.spell_id <> followed.entity_id then 'reopened'
            when roots.impact_started_at is not null then 'impact_start'
            when roots.first_alert_at is not null then 'alert'
            when roots.opened_at is not null then 'opened'
        end as began_basis,
        case when followed.spell_id = followed.entity_id then roots.impact_started_at end as impact_started_at,
        case when followed.spell_id = followed.entity_id then roots.first_alert_at end as first_alert_at,
        case when followed.spell_id = followed.entity_id or roots.acknowledged_at >= followed.began_at
            then roots.acknowledged_at end as acknowledged_at,
        case
            when not followed.is_last then followed.left_at
            -- a source may leave the former end where it is when it opens an incident again
            when followed.spell_id = followed.entity_id or roots.resolved_at >= followed.began_at then roots.resolved_at
        end as over_at,
        case
            when followed.is_last and (followed.spell_id = followed.entity_id or roots.mitigated_at >= followed.began_at)
                then roots.mitigated_at
            when roots.mitigated_at >= followed.began_at and roots.mitigated_at <= followed.left_at then roots.mitigated_at
        end as mitigated_at,
        case when followed.is_last then roots.status else 'resolved' end as status
    from followed
    join roots on roots.entity_id = followed.entity_id
    left join threads on threads.entity_id = followed.entity_id
),
compared as (
    select *, lag(over_at) over (partition by thread_id order by began_at, spell_id) as calm_at from spells
),
numbered as (
    select *,
        sum(case when seconds_between(calm_at, began_at) > 86400 then 1 else 0 end)
            over (partition by thread_id order by began_at, spell_id) as number
    from compared
)
select * exclude (calm_at, number),
    first_value(spell_id) over (partition by thread_id, number order by began_at, spell_id) as episode_id
from numbered
