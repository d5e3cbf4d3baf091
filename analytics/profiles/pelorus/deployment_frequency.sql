-- Pelorus' deployment frequency: the number of images that were deployed in the period, by
-- application and environment.
--
-- A number and not a rate: a longer period has a larger one, and a scope with more services too. All
-- environments count; ours is production. An image that is deployed twice to one environment is one.
-- No interval.
-- The facts tell the environment of a deployment, where it takes the namespace.
with shipped as (
    select distinct scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        deployments.service, deployments.environment,
        coalesce(deployments.artifact_digest, deployments.version, deployments.sha) as image
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.outcome = 'succeeded'
)
select 'count' as statistic, scope_kind, scope, period_start, period_end,
    cast(count(*) as double) as value, cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from shipped
group by scope_kind, scope, period_start, period_end, is_partial
