-- GitLab's lead time for changes: from the merge of a merge request to the end of the production
-- deployment that contains it; the median over days of the median of each day.
--
-- Coding and review are not in it: the clock starts at the merge, ours at the first commit. Commits
-- without a merge request do not count. A deployment before the merge counts as 0, ours leaves a
-- contradiction out. Everything merged before the first deployment is charged to that deployment,
-- ours leaves it out. Bots count. It keeps one median per environment and day and answers a longer
-- range with the median of these, so a day with one merge request weighs as much as one with fifty.
-- No minimum of rows and no interval.
-- The facts tell the day in the organisation's zone, where it takes UTC.
with merged as (
    select delivered_changes.change_id, delivered_changes.service, deployments.environment, deployments.finished_at,
        deployments.day,
        greatest(seconds_between(delivered_changes.merged_at, deployments.finished_at), 0.0) as lead_time_seconds
    from delivered_changes
    join deployments on deployments.deployment_id = delivered_changes.deployment_id
    where delivered_changes.kind = 'pull_request' and delivered_changes.merged_at is not null
        and deployments.tier = 'production' and deployments.outcome = 'succeeded'
),
daily as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        count(*) as requests, median(merged.lead_time_seconds) as lead_time_seconds
    from merged
    join calendar on calendar.day = merged.day
    join scopes on scopes.service = merged.service
        and merged.finished_at >= scopes.valid_from and merged.finished_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        merged.service, merged.environment, calendar.day
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    median(lead_time_seconds) as value, cast(null as double) as low, cast(null as double) as high,
    sum(requests) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from daily
group by scope_kind, scope, period_start, period_end, is_partial
