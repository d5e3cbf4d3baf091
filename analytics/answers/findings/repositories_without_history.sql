-- Repositories that are deployed to production and of which no commit with its parents was ever told.
with shipped as (
    select deployment_id, repository, sha, revisions, finished_at, url,
        -- what is new in several repositories together does not say in which of them
        attribution_status = 'exact' and new_commits > 0 and coalesce(cardinality(revisions), 0) <= 1 as is_followed
    from deployments
    where tier = 'production' and changed_running_version
        and day between (select min(day) from calendar) and (select max(day) from calendar)
),
deployed as (
    select deployment_id, repository, sha, finished_at, url, is_followed from shipped where repository is not null
    union
    -- a deployment may put several repositories there
    select deployment_id, split_part(revision, '@', 1), split_part(revision, '@', 2), finished_at, url, is_followed
    from (select deployment_id, finished_at, url, is_followed, unnest(revisions) as revision from shipped) as revised
    where split_part(revision, '@', 1) <> ''
),
-- whose history decided what is new in a deployment need not be looked through
silent as (
    select repository from deployed group by repository having count(*) filter (where is_followed) = 0
),
told as (
    select distinct commits.repository
    from commits
    left semi join silent on silent.repository = commits.repository
    where commits.parents is not null
)
select deployed.repository as subject, count(distinct deployment_id) as items, max(finished_at) as newest_at,
    first_value(sha order by finished_at desc, deployment_id, sha) as example,
    first_value(url order by finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from deployed
left semi join silent on silent.repository = deployed.repository
left anti join told on told.repository = deployed.repository
group by deployed.repository
order by items desc, subject
