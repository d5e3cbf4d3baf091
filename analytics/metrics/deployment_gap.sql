-- Deployment gap: the median time between two consecutive production deployments of one service.
--
-- The other form of deployment frequency: how long work waits at least for the next departure. Only
-- deployments that changed the running version count; a gap belongs to the period in which its later
-- deployment finished, however long ago the earlier one was. The first deployment of a service has
-- nothing before it: it is eligible and not usable, which the coverage shows.
-- Interval: exact order statistics; below 6 gaps the median is withheld. Gaps of all services of a
-- scope are pooled, so a service that deploys often has more of them.
-- It can be gamed by splitting deployments; read it beside the change fail rate.
with placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        seconds_between(deployments.previous_finished_at, deployments.finished_at) as gap_seconds
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.changed_running_version
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    quantile(gap_seconds, 0.5) as value, quantile_low(gap_seconds, 0.5) as low, quantile_high(gap_seconds, 0.5) as high,
    count(gap_seconds) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(count(gap_seconds) as double) / nullif(count(*), 0) as coverage, is_partial
from placed
group by scope_kind, scope, period_start, period_end, is_partial
