-- Pelorus' mean time to restore: from the creation of an incident to its resolution; the mean of an
-- application, and over applications the mean of their means.
--
-- A mean of means, which one long incident moves; ours is a median of all episodes with an interval.
-- Only resolved incidents have a time, so what is still open makes the number better; ours keeps
-- open ones. An incident counts in the period in which it was resolved, ours in which it began.
-- The facts cannot tell when an incident was created where its impact or first alert came before:
-- the earliest of these is taken. An incident that names no service is the unknown application,
-- which it leaves out too.
with resolved as (
    select episode_id, started_at, resolved_at, unnest(services) as service from incidents where resolved_at is not null
),
applications as (
    select scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial, resolved.service,
        count(*) as incidents, avg(seconds_between(resolved.started_at, resolved.resolved_at)) as open_seconds
    from resolved
    join (select distinct period_start, period_end, is_partial from calendar) as periods
        on resolved.resolved_at >= periods.period_start and resolved.resolved_at < periods.period_end
    join scopes on scopes.service = resolved.service
        and resolved.resolved_at >= scopes.valid_from and resolved.resolved_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial, resolved.service
)
select 'mean' as statistic, scope_kind, scope, period_start, period_end,
    avg(open_seconds) as value, cast(null as double) as low, cast(null as double) as high,
    sum(incidents) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from applications
group by scope_kind, scope, period_start, period_end, is_partial
