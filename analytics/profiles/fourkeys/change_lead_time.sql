-- Four Keys' lead time for changes: from each commit of the push that was deployed to the
-- deployment, in whole minutes; the median.
--
-- A deployment brings the commits of the one push whose head it deployed and no others: what lay
-- between is lost, and without such a push the deployment vanishes from every number. Every
-- environment counts, so staging shortens it; ours is production. Times of no whole minute are left
-- out. Merge commits, bots and the first deployment count. Without any row it says 0, which is its
-- best grade; ours is empty. It grades by less than a day, a week, 730 hours, 4,380 hours.
-- The facts tell the instant of a push, not its id and head: commits of one repository that were
-- pushed at the same instant are one push, and the deployed commit is taken as its head. The window
-- is the one that was asked for, not the last three months.
with pushed as (
    select attempts.deployment_id, attempts.service, attempts.finished_at, attempts.day, head.repository, head.pushed_at
    from attempts
    join commits as head on head.repository = attempts.repository and head.sha = attempts.sha
    where attempts.outcome = 'succeeded' and attempts.service is not null and head.pushed_at is not null
),
aged as (
    select scopes.scope_kind, scopes.scope, calendar.period_start,
        floor(seconds_between(commits.committed_at, pushed.finished_at) / 60.0) as minutes
    from pushed
    join commits on commits.repository = pushed.repository and commits.pushed_at = pushed.pushed_at
    join calendar on calendar.day = pushed.day
    join scopes on scopes.service = pushed.service
        and pushed.finished_at >= scopes.valid_from and pushed.finished_at < scopes.valid_to
),
summarised as (
    select scope_kind, scope, period_start, count(*) as changes, median(minutes) as minutes
    from aged
    where minutes > 0
    group by scope_kind, scope, period_start
),
grid as (
    select known.scope_kind, known.scope, periods.period_start, periods.period_end, periods.is_partial
    from (select distinct scope_kind, scope from scopes) as known
    cross join (select distinct period_start, period_end, is_partial from calendar) as periods
)
select 'p50' as statistic, grid.scope_kind, grid.scope, grid.period_start, grid.period_end,
    -- no data is 0 here, which is what this profile is to show
    60.0 * coalesce(summarised.minutes, 0.0) as value, cast(null as double) as low, cast(null as double) as high,
    coalesce(summarised.changes, 0) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, grid.is_partial
from grid
left join summarised on summarised.scope_kind = grid.scope_kind and summarised.scope = grid.scope
    and summarised.period_start = grid.period_start
