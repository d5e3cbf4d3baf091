-- Deployments that succeeded, nobody says when, by service: without an end they have no day, so they are of any age.
with endless as (
    select deployments.*, coalesce(exposed_at, started_at, created_at) as begun_at from deployments where quarantine = 'no_end'
)
select service as subject, count(*) as items, max(begun_at) as newest_at,
    first_value(native_id order by begun_at desc nulls last, deployment_id) as example,
    first_value(url order by begun_at desc nulls last, deployment_id) as url,
    cast(null as varchar) as suggestion
from endless
group by service
order by items desc, subject
