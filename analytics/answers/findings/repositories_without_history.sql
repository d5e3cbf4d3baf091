-- Repositories that are deployed to production and of which no commit with its parents was ever told.
with deployed as (
    select deployments.*
    from deployments
    where tier = 'production' and changed_running_version and repository is not null
        and day between (select min(day) from calendar) and (select max(day) from calendar)
),
-- whose history decided what is new in a deployment need not be looked through
silent as (
    select repository from deployed group by repository
    having count(*) filter (where attribution_status = 'exact' and new_commits > 0) = 0
),
told as (
    select distinct commits.repository
    from commits
    left semi join silent on silent.repository = commits.repository
    where commits.parents is not null
)
select deployed.repository as subject, count(*) as items, max(finished_at) as newest_at,
    first_value(sha order by finished_at desc, deployment_id) as example,
    first_value(url order by finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from deployed
left semi join silent on silent.repository = deployed.repository
left anti join told on told.repository = deployed.repository
group by deployed.repository
order by items desc, subject
