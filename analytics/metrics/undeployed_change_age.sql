-- Age of undeployed changes: how long merged work has been waiting at the end of the period. Median and
-- 90th percentile.
--
-- The ages of the changes that `undeployed_changes` counts, from merge to the end of the period, or to
-- now for a period that is not over. It answers what the lead time leaves out: the lead time of today
-- is good as long as nothing arrives, while this age grows by a day each day.
-- Interval: exact order statistics; below 6 and 36 changes the percentile is withheld.
-- Coverage: deployed services whose commits are known. The evidence lists the oldest first.
with periods as (
    -- a level is read at the end of a period, or now when the period is not over
    select period_start, period_end, is_partial, least(period_end, as_of) as read_at
    from calendar
    where period_start < as_of
    group by period_start, period_end, is_partial, as_of
),
bounds as (
    select min(read_at) as first_at, max(read_at) as last_at from periods
),
ways as (
    -- what a service is made from, and since when it is deployed and its commits are known
    select service, repository, min(finished_at) as deployed_since,
        min(finished_at) filter (where attribution_status <> 'unknown') as known_since
    from deployments
    where tier = 'production' and changed_running_version and service is not null and repository is not null
    group by service, repository
),
reviewed as (
    select distinct repository from changes where kind = 'pull_request'
),
merged as (
    -- all that waited at some time between the first reading and the last
    select ways.service, ways.known_since, changes.change_id, changes.merged_at, delivered_changes.deployed_at
    from changes
    join ways on ways.repository = changes.repository
        -- a service receives what path rules give it; without rules it receives everything
        and (changes.services is null or array_has(changes.services, ways.service))
    left join reviewed on reviewed.repository = changes.repository
    left join delivered_changes on delivered_changes.change_id = changes.change_id and delivered_changes.service = ways.service
    cross join bounds
    where changes.merged_at < bounds.last_at
        and (delivered_changes.deployed_at is null or delivered_changes.deployed_at >= bounds.first_at)
        -- a copy is the same change again, and what changes nothing waits for nothing
        and changes.origin_id = changes.change_id and not coalesce(changes.is_empty, false)
        -- beside pull requests, a commit by itself may lie on a branch that nobody has merged
        and (changes.kind = 'pull_request' or reviewed.repository is null)
),
waiting as (
    select distinct scopes.scope_kind, scopes.scope, periods.period_start, merged.change_id,
        seconds_between(merged.merged_at, periods.read_at) as age_seconds
    from periods
    join merged on merged.merged_at < periods.read_at and merged.known_since < periods.read_at
        and (merged.deployed_at is null or merged.deployed_at >= periods.read_at)
    join scopes on scopes.service = merged.service
        and scopes.valid_from < periods.read_at and scopes.valid_to >= periods.read_at
),
covered as (
    select scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial,
        count(distinct ways.service) as services,
        count(distinct case when ways.known_since < periods.read_at then ways.service end) as with_commits
    from periods
    join ways on ways.deployed_since < periods.read_at
    join scopes on scopes.service = ways.service
        and scopes.valid_from < periods.read_at and scopes.valid_to >= periods.read_at
    group by scopes.scope_kind, scopes.scope, periods.period_start, periods.period_end, periods.is_partial
),
summarised as (
    select covered.scope_kind, covered.scope, covered.period_start, covered.period_end, covered.is_partial,
        cast(covered.with_commits as double) / nullif(covered.services, 0) as coverage,
        count(waiting.age_seconds) as sample_size,
        quantile(waiting.age_seconds, 0.5) as p50, quantile_low(waiting.age_seconds, 0.5) as p50_low,
        quantile_high(waiting.age_seconds, 0.5) as p50_high,
        quantile(waiting.age_seconds, 0.9) as p90, quantile_low(waiting.age_seconds, 0.9) as p90_low,
        quantile_high(waiting.age_seconds, 0.9) as p90_high
    from covered
    left join waiting on waiting.scope_kind = covered.scope_kind and waiting.scope = covered.scope
        and waiting.period_start = covered.period_start
    group by covered.scope_kind, covered.scope, covered.period_start, covered.period_end, covered.is_partial,
        covered.with_commits, covered.services
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end, p50 as value, p50_low as low, p50_high as high,
    sample_size, cast(null as double) as numerator, cast(null as double) as denominator, coverage, is_partial
from summarised
union all
select 'p90', scope_kind, scope, period_start, period_end, p90, p90_low, p90_high,
    sample_size, cast(null as double), cast(null as double), coverage, is_partial
from summarised
