-- Deployment rework rate: of the production deployments that changed the running version, the share
-- that was not planned but made to repair something.
--
-- Rollbacks, reverts, hotfixes, and what its source calls a remedy of an incident or of a bug that
-- users saw. Each deployment counts once, whatever it repaired, in the period in which it finished.
-- As for the change fail rate only mature deployments count, repairing or not, and `coverage` says how
-- many that leaves out. It is usually at least as large as the change fail rate: show both together.
-- Interval: Wilson. It can be gamed by calling a repair planned.
with remedies as (
    select distinct deployment_id from remediations where deployment_id is not null
),
placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        remedies.deployment_id is not null as is_rework, deployments.mature_at <= calendar.as_of as matured
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    left join remedies on remedies.deployment_id = deployments.deployment_id
    where deployments.tier = 'production' and deployments.changed_running_version
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible,
        count(*) filter (where matured) as denominator,
        count(*) filter (where matured and is_rework) as numerator
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(numerator as double) / nullif(denominator, 0) as value,
    wilson_low(numerator, denominator) as low, wilson_high(numerator, denominator) as high,
    denominator as sample_size, cast(numerator as double) as numerator, cast(denominator as double) as denominator,
    cast(denominator as double) / nullif(eligible, 0) as coverage,
    is_partial or denominator < eligible as is_partial
from counted
