-- One row per component, scope, service and stretch of edges at which an active service stood the same way.
--
-- The one place that says which services count at an instant. A service stands so at the edges of
-- periods from `from_place` to `to_place`; most stretches last for many of them, so whoever only counts
-- does so before they are laid out by period.
with seen as (
    select *, width_bucket(valid_from, (select instants from read_points)) as edges_before,
        coalesce(width_bucket(valid_to, (select instants from read_points)), (select edges from read_points)) as edges_until
    from adoption_status
    -- of what ended before, whole files are left alone
    where valid_to is null or valid_to >= (select begins_at from read_points)
),
living as (
    select service,
        width_bucket(cast(cast(first_day as int) - 1 as date), (select days from read_points)) as edges_before,
        width_bucket(cast(cast(end_day as int) - 1 as date), (select days from read_points)) as edges_until
    from service_activity
),
standing as (
    select seen.* exclude (edges_before, edges_until), greatest(seen.edges_before, living.edges_before) + 1 as from_place,
        least(seen.edges_until, living.edges_until) as to_place
    from (select * from seen where edges_before < edges_until) as seen
    join living on living.service = seen.service
        and greatest(seen.edges_before, living.edges_before) < least(seen.edges_until, living.edges_until)
),
owned as (
    select service, scope, width_bucket(valid_from, (select instants from read_points)) as edges_before,
        width_bucket(valid_to, (select instants from read_points)) as edges_until
    from scopes
    where scope_kind = 'team'
)
select 'component' as scope_kind, standing.component_id as scope, standing.* from standing
union all
select 'component_team' as scope_kind, standing.component_id || '/' || owned.scope as scope,
    standing.* exclude (from_place, to_place),
    greatest(standing.from_place, owned.edges_before + 1) as from_place, least(standing.to_place, owned.edges_until) as to_place
from standing
join owned on owned.service = standing.service
    and greatest(standing.from_place, owned.edges_before + 1) <= least(standing.to_place, owned.edges_until)
