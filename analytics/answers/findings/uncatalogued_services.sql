-- Services that were deployed in the window and that no catalogue describes with an owner.
with deployed as (
    select deployments.*
    from deployments
    where service is not null and day between (select min(day) from calendar) and (select max(day) from calendar)
),
owned as (
    select distinct service from service_owners where owner is not null and valid_to is null
)
select deployed.service as subject, count(*) as items, max(finished_at) as newest_at,
    first_value(native_id order by finished_at desc, deployment_id) as example,
    first_value(url order by finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from deployed
left anti join owned on owned.service = deployed.service
group by deployed.service
order by items desc, subject
