-- Deployment gap: the median time between two consecutive production deployments of one service.
--
-- The other form of deployment frequency: how long work waits at least for the next departure. Only
-- deployments that changed the running version count; a gap belongs to the period in which its later
-- deployment finished, however long ago the earlier one was. The first deployment of a service has
-- nothing before it: it is eligible and not usable, which the coverage shows.
-- Interval: exact order statistics; below 6 gaps the median is withheld. Gaps of all services of a
-- scope are pooled, so a service that deploys often has more of them.
-- It can be gamed by splitting deployments; read it beside the change fail rate.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
before as (
    -- of all that came before the range only the last one of a service matters
    select deployments.service, max(deployments.finished_at) as finished_at
    from deployments
    cross join bounds
    where deployments.tier = 'production' and deployments.changed_running_version and deployments.day < bounds.first_day
    group by deployments.service
),
departures as (
    select service, finished_at, '' as deployment_id, cast(null as date) as day from before
    union all
    select deployments.service, deployments.finished_at, deployments.deployment_id, deployments.day
    from deployments
    cross join bounds
    where deployments.tier = 'production' and deployments.changed_running_version
        and deployments.day >= bounds.first_day and deployments.day <= bounds.last_day
),
gaps as (
    select service, finished_at, day,
        seconds_between(lag(finished_at) over (partition by service order by finished_at, deployment_id), finished_at) as gap_seconds
    from departures
),
placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial, gaps.gap_seconds
    from gaps
    join calendar on calendar.day = gaps.day
    join scopes on scopes.service = gaps.service
        and gaps.finished_at >= scopes.valid_from and gaps.finished_at < scopes.valid_to
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    quantile(gap_seconds, 0.5) as value, quantile_low(gap_seconds, 0.5) as low, quantile_high(gap_seconds, 0.5) as high,
    count(gap_seconds) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(count(gap_seconds) as double) / nullif(count(*), 0) as coverage, is_partial
from placed
group by scope_kind, scope, period_start, period_end, is_partial
