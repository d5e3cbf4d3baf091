-- Middleware's lead time: of the pull requests merged in the period and deployed, the mean of each of
-- five parts (first commit → opened, ready → first review, first review → first approval, approval →
-- merge, merge → start of the run), and the sum of the five means.
--
-- A mean, which one old pull request moves; ours is a median with an interval. A part that is
-- missing or negative counts as 0, so a pull request that nobody reviewed is a fast one; ours leaves
-- stages empty and keeps the total. Between ready and first review nothing is measured when nobody
-- reviewed, so the parts need not add up to the time that passed. A pull request counts in the
-- period of its merge, ours in that of its deployment. The clock ends when the run starts, ours when
-- the deployment is complete. Commits without a pull request do not count, bots do, and so does what
-- was merged before the first deployment.
-- The facts cannot tell branches: it walks over merged branches to find the run that deployed a pull
-- request, here ancestry decides. Nor do they tell which workflows were chosen as deployments:
-- production deployments are taken. Where the commits of a pull request are not known, the clock of
-- the first part starts where ours does.
with begun as (
    -- the committer's time, which a rebase renews
    select change_commits.change_id, min(commits.committed_at) as committed_at
    from change_commits
    join commits on commits.repository = change_commits.repository and commits.sha = change_commits.sha
    where change_commits.role = 'original'
    group by change_commits.change_id
),
carried as (
    select changes.change_id, coalesce(begun.committed_at, changes.committed_at) as committed_at, changes.opened_at, changes.ready_at, changes.first_review_at,
        changes.approved_at, changes.merged_at, deployments.service, deployments.deployment_id,
        coalesce(deployments.started_at, deployments.created_at, deployments.finished_at) as run_started_at
    from changes
    join attribution on attribution.repository = changes.repository and attribution.sha = changes.sha
    join deployments on deployments.deployment_id = attribution.deployment_id
    left join begun on begun.change_id = changes.change_id
    where changes.kind = 'pull_request'
),
chosen as (
    select scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial, carried.*,
        row_number() over (
            partition by scopes.scope_kind, scopes.scope, carried.change_id
            order by carried.run_started_at, carried.deployment_id
        ) as choice
    from carried
    join (select distinct period_start, period_end, is_partial from calendar) as periods
        on carried.merged_at >= periods.period_start and carried.merged_at < periods.period_end
    join scopes on scopes.service = carried.service
        and carried.merged_at >= scopes.valid_from and carried.merged_at < scopes.valid_to
),
split as (
    -- greatest passes over null: what is missing is 0, which is what this profile is to show
    select scope_kind, scope, period_start, period_end, is_partial,
        greatest(seconds_between(committed_at, opened_at), 0.0) as coding_seconds,
        greatest(seconds_between(coalesce(ready_at, opened_at), first_review_at), 0.0) as response_seconds,
        greatest(seconds_between(first_review_at, approved_at), 0.0) as rework_seconds,
        greatest(seconds_between(approved_at, merged_at), 0.0) as merging_seconds,
        greatest(seconds_between(merged_at, run_started_at), 0.0) as deploying_seconds
    from chosen
    where choice = 1
)
select 'mean' as statistic, scope_kind, scope, period_start, period_end,
    avg(coding_seconds) + avg(response_seconds) + avg(rework_seconds) + avg(merging_seconds) + avg(deploying_seconds) as value,
    cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from split
group by scope_kind, scope, period_start, period_end, is_partial
