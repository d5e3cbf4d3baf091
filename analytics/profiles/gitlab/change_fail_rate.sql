-- GitLab's change failure rate: incidents that began in the period, by successful production
-- deployments of the period.
--
-- Incidents are counted and not failed deployments, whatever caused them, so the rate can exceed
-- 100 %, and an incident moves into the period in which it began. Rollbacks and reverts without an
-- incident do not count. Redeployments stand below the line, and nothing waits until it is mature.
-- No interval.
-- The facts cannot tell when an incident was created where its impact or first alert came before:
-- the earliest of these is taken; duplicates and reopened incidents are one here. An incident that
-- names no service belongs to no scope.
with shipped as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        count(*) as deployments
    from deployments
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.tier = 'production' and deployments.outcome = 'succeeded'
    group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
),
affected as (
    select episode_id, started_at, day, unnest(services) as service from incidents
),
troubled as (
    -- an incident of two services of one team is one incident of the team
    select scopes.scope_kind, scopes.scope, calendar.period_start, count(distinct affected.episode_id) as incidents
    from affected
    join calendar on calendar.day = affected.day
    join scopes on scopes.service = affected.service
        and affected.started_at >= scopes.valid_from and affected.started_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, calendar.period_start
)
select 'share' as statistic, shipped.scope_kind, shipped.scope, shipped.period_start, shipped.period_end,
    cast(coalesce(troubled.incidents, 0) as double) / nullif(shipped.deployments, 0) as value,
    cast(null as double) as low, cast(null as double) as high, shipped.deployments as sample_size,
    cast(coalesce(troubled.incidents, 0) as double) as numerator, cast(shipped.deployments as double) as denominator,
    cast(null as double) as coverage, shipped.is_partial
from shipped
left join troubled on troubled.scope_kind = shipped.scope_kind and troubled.scope = shipped.scope
    and troubled.period_start = shipped.period_start
