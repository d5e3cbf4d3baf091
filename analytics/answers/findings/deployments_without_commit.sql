-- Production deployments that name no commit, by service: they have a version, or nothing.
with shaless as (
    select deployments.*
    from deployments
    where tier = 'production' and changed_running_version and attribution_status = 'unknown' and sha is null
        and day between (select min(day) from calendar) and (select max(day) from calendar)
)
select service as subject, count(*) as items, max(finished_at) as newest_at,
    first_value(coalesce(version, native_id) order by finished_at desc, deployment_id) as example,
    first_value(url order by finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from shaless
group by service
order by items desc, subject
