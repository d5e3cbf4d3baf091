-- Attempt failure rate: of the attempts to deploy to production that succeeded or failed, the share that
-- failed before users saw anything of it.
--
-- It keeps the noise of pipelines out of the change fail rate: a deployment that broke something for
-- users is a failure there and no failed attempt here. Cancelled, skipped and unfinished attempts say
-- nothing and are left out. A failure of which nobody tells whether users were reached is left out too,
-- above and below the line: it would make the rate look lower. An attempt counts in the period in which
-- it finished.
-- Interval: Wilson. Coverage: ended attempts of which it is known how they ended and, where they
-- failed, whether users were reached. It can be gamed by trying elsewhere first, which is what one
-- would want.
with placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        deployments.outcome, deployments.reached
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.outcome in ('succeeded', 'failed', 'unknown')
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible,
        count(*) filter (where outcome = 'succeeded' or (outcome = 'failed' and reached is not null)) as denominator,
        count(*) filter (where outcome = 'failed' and not reached) as numerator
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(numerator as double) / nullif(denominator, 0) as value,
    wilson_low(numerator, denominator) as low, wilson_high(numerator, denominator) as high,
    denominator as sample_size, cast(numerator as double) as numerator, cast(denominator as double) as denominator,
    cast(denominator as double) / nullif(eligible, 0) as coverage, is_partial
from counted
