-- Datadog's change lead time: for each production deployment the mean age of its commits, and over
-- the deployments the median of these means.
--
-- Its row is a deployment, so a deployment of one commit weighs as much as one of fifty; ours is a
-- change. The clock starts at the time of each commit, not at the first commit of a change. Merge
-- commits are left out. The first deployment of an environment has no commits to count, nor has one
-- that follows a pause of more than 60 days. Bots count. No minimum of rows and no interval.
-- A squashed commit counts by the commits behind it, where they are known.
-- The facts cannot tell: the limit of 5,000 commits per deployment, and the commits that
-- `previous..this` lists a second time after a rollback (here each commit belongs to the first
-- deployment that contains it). Its documentation does not say which of a commit's two times it
-- means: the committer's is taken.
with shipped as (
    select deployment_id, service, finished_at, day,
        lag(finished_at) over (partition by service, environment order by finished_at, deployment_id) as previous_at
    from deployments
    where tier = 'production' and outcome = 'succeeded' and service is not null and finished_at is not null
),
squashed as (
    -- what a merge left as one commit, and did not write anew
    select merged.repository, merged.sha, originals.sha as original_sha
    from change_commits as merged
    join commits on commits.repository = merged.repository and commits.sha = merged.sha
    join change_commits as originals on originals.change_id = merged.change_id and originals.role = 'original'
    left anti join change_commits as rebased on rebased.change_id = merged.change_id and rebased.role = 'rebased'
    where merged.role = 'merge' and coalesce(cardinality(commits.parents), 0) <= 1
),
carried as (
    select distinct attribution.deployment_id, attribution.repository,
        coalesce(squashed.original_sha, attribution.sha) as sha
    from attribution
    left join squashed on squashed.repository = attribution.repository and squashed.sha = attribution.sha
    where attribution.attribution_status = 'exact'
),
aged as (
    select shipped.deployment_id, shipped.service, shipped.finished_at, shipped.day,
        avg(seconds_between(commits.committed_at, shipped.finished_at)) as lead_time_seconds
    from shipped
    join carried on carried.deployment_id = shipped.deployment_id
    join commits on commits.repository = carried.repository and commits.sha = carried.sha
    -- a first deployment has no previous one; after 60 days the previous one is not compared
    where shipped.previous_at >= plus_seconds(shipped.finished_at, -60 * 86400)
        and coalesce(cardinality(commits.parents), 0) <= 1
    group by shipped.deployment_id, shipped.service, shipped.finished_at, shipped.day
)
select 'p50' as statistic, scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end,
    median(aged.lead_time_seconds) as value, cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, calendar.is_partial
from aged
join calendar on calendar.day = aged.day
join scopes on scopes.service = aged.service
    and aged.finished_at >= scopes.valid_from and aged.finished_at < scopes.valid_to
where aged.lead_time_seconds is not null
group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
