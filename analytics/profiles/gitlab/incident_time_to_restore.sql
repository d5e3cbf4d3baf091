-- GitLab's time to restore service: how long the incidents that were closed in the period had been
-- open; the median over days of the median of each day.
--
-- Only closed incidents have a time, so what is still open makes the number better; ours keeps open
-- ones. An incident counts in the period in which it was closed, ours in which it began. It keeps
-- one median per project and day and answers a longer range with the median of these. No minimum of
-- rows and no interval.
-- The facts cannot tell when an incident was created where its impact or first alert came before:
-- the earliest of these is taken. A project with several production environments is counted once.
with days as (
    select day, day_end, period_start, period_end, is_partial,
        coalesce(lag(day_end) over (order by day), period_start) as day_start
    from calendar
),
closed as (
    select episode_id, started_at, resolved_at, unnest(services) as service from incidents where resolved_at is not null
),
daily as (
    select scopes.scope_kind, scopes.scope, days.period_start, days.period_end, days.is_partial,
        count(*) as incidents, median(seconds_between(closed.started_at, closed.resolved_at)) as open_seconds
    from closed
    join days on closed.resolved_at >= days.day_start and closed.resolved_at < days.day_end
    join scopes on scopes.service = closed.service
        and closed.resolved_at >= scopes.valid_from and closed.resolved_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, days.period_start, days.period_end, days.is_partial, closed.service, days.day
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    median(open_seconds) as value, cast(null as double) as low, cast(null as double) as high,
    sum(incidents) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from daily
group by scope_kind, scope, period_start, period_end, is_partial
