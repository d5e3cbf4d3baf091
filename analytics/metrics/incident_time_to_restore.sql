-- Incident time to restore: how long an incident of any cause lasts until service is restored. Median.
--
-- For people who want MTTR; it is not one of the DORA metrics, which ask only about failed deployments.
-- One row per episode, in the period in which it began: duplicates are one, and so is an
-- incident that was opened again within 24 hours, or an alert that fired again within 30 minutes. An
-- incident that touches several services of a scope counts once there. One that is not over counts as
-- lasting at least until now; one that ends before it starts is left out and listed.
-- Value and interval: Kaplan and Meier's estimate with its log-log band; below 6 episodes it is
-- withheld. While more than half are open there is no value, and `low` says how long they last at least.
-- Coverage: episodes whose ends do not contradict each other. Means of such times are never shown:
-- they are ruled by the longest one.
with episodes as (
    select incidents.episode_id, incidents.started_at, incidents.day, incidents.excluded, unnest(incidents.services) as service
    from incidents
),
timed as (
    select episodes.*, restoring.restored_at, restoring.recovery_seconds
    from episodes
    left join remediations as restoring on restoring.episode_id = episodes.episode_id and restoring.is_restoring
),
placed as (
    select distinct scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        timed.episode_id,
        coalesce(timed.restored_at <= calendar.as_of, false) as has_ended,
        case
            when timed.excluded is not null then null
            when timed.restored_at <= calendar.as_of then timed.recovery_seconds
            else seconds_between(timed.started_at, calendar.as_of)
        end as lasting_seconds
    from timed
    join calendar on calendar.day = timed.day
    join scopes on scopes.service = timed.service
        and timed.started_at >= scopes.valid_from and timed.started_at < scopes.valid_to
    where timed.started_at <= calendar.as_of
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    survival_quantile(lasting_seconds, has_ended, 0.5) as value,
    survival_quantile_low(lasting_seconds, has_ended, 0.5) as low,
    survival_quantile_high(lasting_seconds, has_ended, 0.5) as high,
    count(lasting_seconds) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(count(lasting_seconds) as double) / nullif(count(*), 0) as coverage, is_partial
from placed
group by scope_kind, scope, period_start, period_end, is_partial
