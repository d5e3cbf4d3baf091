-- Middleware's mean time to recovery: the mean time from the creation of an incident to its
-- resolution.
--
-- A mean, which one long incident moves; ours is a median with an interval. Only resolved incidents
-- have a time, so what is still open makes the number better; ours keeps open ones. An incident
-- counts in the period in which it was resolved, ours in which it began. It grades by an hour, a
-- day and a week.
-- The facts cannot tell its incidents made of reverts by the name of a branch. An incident began at
-- its impact or first alert where those came before its creation.
with resolved as (
    select episode_id, started_at, resolved_at, unnest(services) as service from incidents where resolved_at is not null
),
placed as (
    select distinct scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial,
        resolved.episode_id, seconds_between(resolved.started_at, resolved.resolved_at) as open_seconds
    from resolved
    join (select distinct period_start, period_end, is_partial from calendar) as periods
        on resolved.resolved_at >= periods.period_start and resolved.resolved_at < periods.period_end
    join scopes on scopes.service = resolved.service
        and resolved.resolved_at >= scopes.valid_from and resolved.resolved_at < scopes.valid_to
)
select 'mean' as statistic, scope_kind, scope, period_start, period_end,
    avg(open_seconds) as value, cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from placed
group by scope_kind, scope, period_start, period_end, is_partial
