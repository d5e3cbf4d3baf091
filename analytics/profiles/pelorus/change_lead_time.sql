-- Pelorus' lead time for change: from the commit of an image to its deployment; the mean of an
-- application, and over applications the mean of their means.
--
-- Only the commit that an image was built from counts, not the others that the deployment brings;
-- ours takes every change. An application with one deployment weighs as much as one with hundreds;
-- ours pools rows. A mean of means, which one old commit moves; ours is a median with an interval.
-- The clock starts at the committer's time, which a rebase renews; ours at the author's. All
-- environments count, an image deployed twice counts once, at its first deployment.
-- The facts tell when a deployment finished, where it takes the creation of the running thing.
with built as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        deployments.service, deployments.sha,
        coalesce(deployments.artifact_digest, deployments.version, deployments.sha) as image,
        min(seconds_between(commits.committed_at, deployments.finished_at)) as lead_time_seconds
    from deployments
    join commits on commits.repository = deployments.repository and commits.sha = deployments.sha
    join calendar on calendar.day = deployments.day
    join scopes on scopes.service = deployments.service
        and deployments.finished_at >= scopes.valid_from and deployments.finished_at < scopes.valid_to
    where deployments.outcome = 'succeeded' and commits.committed_at is not null
    group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        deployments.service, deployments.sha, coalesce(deployments.artifact_digest, deployments.version, deployments.sha)
),
applications as (
    select scope_kind, scope, period_start, period_end, is_partial, service,
        count(*) as images, avg(lead_time_seconds) as lead_time_seconds
    from built
    group by scope_kind, scope, period_start, period_end, is_partial, service
)
select 'mean' as statistic, scope_kind, scope, period_start, period_end,
    avg(lead_time_seconds) as value, cast(null as double) as low, cast(null as double) as high,
    sum(images) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from applications
group by scope_kind, scope, period_start, period_end, is_partial
