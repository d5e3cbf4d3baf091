-- Metrik's change failure rate: failed attempts of the production stage, by failed and successful
-- ones.
--
-- It counts how often the pipeline failed, whether or not users saw anything of it; ours counts
-- deployments that reached users and then needed intervention, and knows the former as the attempt
-- failure rate. Incidents, rollbacks and reverts do not count. Cancelled attempts are ignored. No
-- interval. It grades by 15, 30 and 45 %.
-- Ranges are closed instants, not days: the period's own bounds decide here.
-- The facts cannot tell which stage of a pipeline was chosen as its target: production is taken.
with counted as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        count(*) as attempts, count(*) filter (where deployments.outcome = 'failed') as failures
    from deployments
    join calendar on calendar.day = deployments.day
        and deployments.finished_at >= calendar.period_start and deployments.finished_at < calendar.period_end
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.outcome in ('failed', 'succeeded')
    group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(failures as double) / nullif(attempts, 0) as value, cast(null as double) as low, cast(null as double) as high,
    attempts as sample_size, cast(failures as double) as numerator, cast(attempts as double) as denominator,
    cast(null as double) as coverage, is_partial
from counted
