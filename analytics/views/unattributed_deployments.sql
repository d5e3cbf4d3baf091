-- One row per production deployment of the days asked for of which nobody can say what it brought, although the
-- history of its repository is known: whether somebody told its own commit.
--
-- If so, the history behind that commit has holes. Nothing is known of a repository of whose commits no parents are.
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
)
select unattributed.*, commits.sha is not null as is_commit_told
from unattributed
join told on told.repository = unattributed.repository
left join commits on commits.repository = unattributed.repository and commits.sha = unattributed.sha
