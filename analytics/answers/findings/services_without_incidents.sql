-- Services that were deployed to production in the window and that no incident has ever named.
--
-- An incident names a service itself, or one of its deployments. Whether a service is sound or its
-- incidents are not told cannot be seen from here, so its rates rest on rollbacks alone.
with deployed as (
    select deployments.*
    from deployments
    where tier = 'production' and changed_running_version and day between (select min(day) from calendar) and (select max(day) from calendar)
),
named as (
    select unnest(services) as service from incidents where services is not null
    union
    select deployments.service
    from (select unnest(caused_by_deployment_ids) as deployment_id from incidents
        where caused_by_deployment_ids is not null) as caused
    join deployments on deployments.deployment_id = caused.deployment_id
)
select deployed.service as subject, count(*) as items, max(finished_at) as newest_at,
    first_value(native_id order by finished_at desc, deployment_id) as example,
    first_value(url order by finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from deployed
left anti join named on named.service = deployed.service
group by deployed.service
order by items desc, subject
