-- Components that findings name, and that nobody describes under that name or as a former one.
--
-- Of these the facts know nothing, so they are read as they were told.
with bounds as (
    select min(period_start) as begins_at, max(period_end) as ends_at from calendar
),
named as (
    select evidence.component_id, evidence.entity_id, evidence.observed_at,
        coalesce(evidence.service_hint, evidence.repository) as place
    from "observed/evidence" as evidence
    cross join bounds
    where evidence.component_id is not null and not coalesce(evidence.is_deleted, false)
        and evidence.observed_at >= bounds.begins_at and evidence.observed_at < bounds.ends_at
)
select named.component_id as subject, count(distinct named.entity_id) as items, max(named.observed_at) as newest_at,
    first_value(named.place order by named.observed_at desc, named.entity_id) as example,
    cast(null as varchar) as url, cast(null as varchar) as suggestion
from named
left anti join component_names on component_names.name = named.component_id
group by named.component_id
order by items desc, subject
