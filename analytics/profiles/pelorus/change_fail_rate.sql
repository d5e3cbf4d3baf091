-- Pelorus' change failure rate: incidents by images with a known commit, of an application; and over
-- applications the mean of their rates.
--
-- Incidents are counted and not failed deployments, whatever caused them, so the rate can exceed
-- 100 %. A mean of rates: an application with one deployment weighs as much as one with hundreds;
-- ours pools. Rollbacks and reverts without an incident do not count. An application none of whose
-- images has a known commit is left out with its incidents. All environments count. No interval.
-- The facts cannot tell when an incident was created where its impact or first alert came before:
-- the earliest of these is taken; duplicates and reopened incidents are one here. An incident that
-- names no service is the unknown application, which it leaves out too.
with built as (
    select distinct scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        deployments.service, deployments.sha,
        coalesce(deployments.artifact_digest, deployments.version, deployments.sha) as image
    from deployments
    join commits on commits.repository = deployments.repository and commits.sha = deployments.sha
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.outcome = 'succeeded' and commits.committed_at is not null
),
affected as (
    select episode_id, day, unnest(services) as service from incidents
),
troubled as (
    select affected.service, calendar.period_start, count(distinct affected.episode_id) as incidents
    from affected
    join calendar on calendar.day = affected.day
    group by affected.service, calendar.period_start
),
applications as (
    select built.scope_kind, built.scope, built.period_start, built.period_end, built.is_partial, built.service,
        count(*) as images, max(coalesce(troubled.incidents, 0)) as incidents
    from built
    left join troubled on troubled.service = built.service and troubled.period_start = built.period_start
    group by built.scope_kind, built.scope, built.period_start, built.period_end, built.is_partial, built.service
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    avg(cast(incidents as double) / nullif(images, 0)) as value, cast(null as double) as low, cast(null as double) as high,
    sum(images) as sample_size, cast(sum(incidents) as double) as numerator, cast(sum(images) as double) as denominator,
    cast(null as double) as coverage, is_partial
from applications
group by scope_kind, scope, period_start, period_end, is_partial
