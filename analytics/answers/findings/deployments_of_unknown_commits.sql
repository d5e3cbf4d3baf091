-- Production deployments of a commit that nobody told, in repositories whose history is known otherwise.
with bounds as (
    select min(day) as first_day, max(day) as last_day from calendar
),
unattributed as (
    select deployments.*
    from deployments
    cross join bounds
    where tier = 'production' and changed_running_version and attribution_status = 'unknown'
        and repository is not null and sha is not null and day between first_day and last_day
),
told as (
    select distinct repository from commits where parents is not null
),
unknown as (
    select unattributed.*
    from unattributed
    join told on told.repository = unattributed.repository
    left anti join commits on commits.repository = unattributed.repository and commits.sha = unattributed.sha
)
select service as subject, count(*) as items, max(finished_at) as newest_at,
    first_value(repository || '@' || sha order by finished_at desc, deployment_id) as example,
    first_value(url order by finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from unknown
group by service
order by items desc, subject
