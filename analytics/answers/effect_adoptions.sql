-- Which services an effect can be measured on: eligible ones with the instant at which they adopted, or without.
--
-- Those that used it when tracking began have no before, and those that left again are another story.
-- Joining a pipeline often changes how deployments are recorded: `is_measured_anew` says that most
-- deployments of the twelve weeks after were told by another source than most of those before.
with taken_up as (
    select component_id, service, min(adopted_since) as adopted_at, bool_or(is_prevalent) as is_prevalent,
        bool_or(is_left) as has_left, count(distinct adopted_since) as adoptions
    from adoption_status
    where fit = 'fits'
    group by component_id, service
),
owners as (
    select service, max(owner) as team, max(system) as system, max(array_to_string(labels, ',')) as labels,
        max(lifecycle) as lifecycle
    from service_owners
    where valid_to is null
    group by service
),
told as (
    select taken_up.component_id, taken_up.service, deployment_traces.finished_at < taken_up.adopted_at as is_before,
        deployment_traces.source || ':' || deployment_traces.instance as teller, count(*) as deployments
    from taken_up
    join deployment_traces on deployment_traces.service = taken_up.service
        and deployment_traces.finished_at >= plus_seconds(taken_up.adopted_at, -86400 * 7 * 12)
        and deployment_traces.finished_at < plus_seconds(taken_up.adopted_at, 86400 * 7 * 13)
    group by taken_up.component_id, taken_up.service, deployment_traces.finished_at < taken_up.adopted_at,
        deployment_traces.source || ':' || deployment_traces.instance
),
ordered as (
    select *,
        row_number() over (partition by component_id, service, is_before order by deployments desc, teller) as place
    from told
),
instruments as (
    select component_id, service, count(distinct teller) > 1 as is_measured_anew
    from ordered
    where place = 1
    group by component_id, service
)
select taken_up.component_id, taken_up.service, owners.team, owners.system, owners.labels, owners.lifecycle,
    taken_up.adopted_at, coalesce(instruments.is_measured_anew, false) as is_measured_anew
from taken_up
left join owners on owners.service = taken_up.service
left join instruments on instruments.component_id = taken_up.component_id and instruments.service = taken_up.service
where not taken_up.is_prevalent and not taken_up.has_left and taken_up.adoptions <= 1
order by taken_up.component_id, taken_up.service
