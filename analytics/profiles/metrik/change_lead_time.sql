-- Metrik's lead time for change: from each commit to the end of the first successful deployment that
-- contains it; the mean.
--
-- A mean of commits, which one old commit moves; ours is a median of changes with an interval. The
-- first deployment counts and takes the whole past with it, ours leaves it out. Bots and merge
-- commits count. The commits of failed builds are charged to the next success, as ours are.
-- Ranges are closed instants, not days: the period's own bounds decide here.
-- The facts cannot tell which stage of a pipeline was chosen as its target: production is taken.
with delivered as (
    select deployments.service, deployments.finished_at, deployments.day,
        seconds_between(commits.committed_at, deployments.finished_at) as lead_time_seconds
    from attribution
    join commits on commits.repository = attribution.repository and commits.sha = attribution.sha
    join deployments on deployments.deployment_id = attribution.deployment_id
)
select 'mean' as statistic, scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end,
    avg(delivered.lead_time_seconds) as value, cast(null as double) as low, cast(null as double) as high,
    count(delivered.lead_time_seconds) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, calendar.is_partial
from delivered
join calendar on calendar.day = delivered.day
    and delivered.finished_at >= calendar.period_start and delivered.finished_at < calendar.period_end
join scopes on scopes.service = delivered.service
    and delivered.finished_at >= scopes.valid_from and delivered.finished_at < scopes.valid_to
group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
