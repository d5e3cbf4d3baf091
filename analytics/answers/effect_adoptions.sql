-- Which services an effect can be measured on: eligible ones with the instant at which they adopted, or without.
--
-- Those that used it when tracking began have no before, and those that left again are another story.
with taken_up as (
    select component_id, service, min(adopted_since) as adopted_at, bool_or(is_prevalent) as is_prevalent,
        bool_or(is_left) as has_left, count(distinct adopted_since) as adoptions
    from adoption_status
    where fit = 'fits'
    group by component_id, service
),
owners as (
    select service, max(owner) as team, max(lifecycle) as tier from service_owners where valid_to is null group by service
)
select taken_up.component_id, taken_up.service, owners.team, owners.tier, taken_up.adopted_at
from taken_up
left join owners on owners.service = taken_up.service
where not taken_up.is_prevalent and not taken_up.has_left and taken_up.adoptions <= 1
order by taken_up.component_id, taken_up.service
