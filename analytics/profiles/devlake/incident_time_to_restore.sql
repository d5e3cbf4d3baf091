-- DevLake's median time to restore service (its report of 2021): from the creation of an incident to
-- its resolution, in whole minutes; the lower median.
--
-- Only resolved incidents have a time, so what is still open makes the number better; ours keeps open
-- ones. An incident counts in the period in which it was resolved, ours in which it began. The lower
-- median takes the lower of two middle incidents. No minimum of rows and no interval.
-- The facts cannot tell when an incident was created where its impact or first alert came before:
-- the earliest of these is taken. An incident that names no service belongs to no scope.
with resolved as (
    select episode_id, started_at, resolved_at, unnest(services) as service from incidents where resolved_at is not null
),
placed as (
    select distinct scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial,
        resolved.episode_id, floor(seconds_between(resolved.started_at, resolved.resolved_at) / 60.0) as minutes
    from resolved
    join (select distinct period_start, period_end, is_partial from calendar) as periods
        on resolved.resolved_at >= periods.period_start and resolved.resolved_at < periods.period_end
    join scopes on scopes.service = resolved.service
        and resolved.resolved_at >= scopes.valid_from and resolved.resolved_at < scopes.valid_to
),
ranked as (
    select *, percent_rank() over (partition by scope_kind, scope, period_start order by minutes) as rank
    from placed
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    60.0 * max(minutes) filter (where rank <= 0.5) as value, cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from ranked
group by scope_kind, scope, period_start, period_end, is_partial
