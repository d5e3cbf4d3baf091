-- Production deployments of a known commit whose history has holes, so that nobody can say what is new in them.
with unattributed as (
    select deployments.*
    from deployments
    where tier = 'production' and changed_running_version and attribution_status = 'unknown'
        and repository is not null and sha is not null and day between (select min(day) from calendar) and (select max(day) from calendar)
),
told as (
    select distinct commits.repository
    from commits
    left semi join unattributed on unattributed.repository = commits.repository
    where commits.parents is not null
),
cut as (
    select unattributed.*
    from unattributed
    join told on told.repository = unattributed.repository
    left semi join commits on commits.repository = unattributed.repository and commits.sha = unattributed.sha
)
select service as subject, count(*) as items, max(finished_at) as newest_at,
    first_value(repository || '@' || sha order by finished_at desc, deployment_id) as example,
    first_value(url order by finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from cut
group by service
order by items desc, subject
