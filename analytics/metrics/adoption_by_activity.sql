-- Adoption by activity: of the production deployments of eligible services, the share that goes with a component.
--
-- Where a component's `passage` says by which runs, sources or machines a deployment shows its way, the
-- deployment itself tells whether it went through; of other components it counts when its service used them
-- at that instant. It belongs to the period in which it finished. It cannot be raised by moving sleepy
-- services first, which the adoption rate can. A census: `low` counts deployments that do not show their way, or
-- of services of unknown status, as without the component, `high` as with it.
with days as (
    select day, period_start, period_end, is_partial from calendar where period_start < as_of
),
shown as (
    select unnest(went_through) as component_id from deployment_traces
    union
    select unnest(went_around) from deployment_traces
),
marked as (
    select deployment_id, unnest(went_through) as component_id, 'adopted' as shown_status
    from deployment_traces
    where day in (select day from days)
    union all
    select deployment_id, unnest(went_around), 'off_path' from deployment_traces where day in (select day from days)
),
made as (
    select days.period_start, days.period_end, days.is_partial, deployments.service, deployments.finished_at,
        untold.component_id, untold.status
    from days
    join deployments on deployments.day = days.day
    join (select * from adoption_status left anti join shown on shown.component_id = adoption_status.component_id) as untold
        on untold.service = deployments.service and untold.valid_from <= deployments.finished_at
        and (untold.valid_to is null or deployments.finished_at < untold.valid_to)
    where deployments.tier = 'production' and deployments.changed_running_version and untold.fit = 'fits'
    union all
    select days.period_start, days.period_end, days.is_partial, deployments.service, deployments.finished_at,
        told.component_id, coalesce(marked.shown_status, 'unknown')
    from days
    join deployments on deployments.day = days.day
    join (select * from adoption_status left semi join shown on shown.component_id = adoption_status.component_id) as told
        on told.service = deployments.service and told.valid_from <= deployments.finished_at
        and (told.valid_to is null or deployments.finished_at < told.valid_to)
    left join marked on marked.deployment_id = deployments.deployment_id and marked.component_id = told.component_id
    where deployments.tier = 'production' and deployments.changed_running_version and told.fit = 'fits'
),
scoped as (
    select 'component' as scope_kind, component_id as scope, * from made
    union all
    select 'component_team', made.component_id || '/' || scopes.scope, made.*
    from made
    join scopes on scopes.service = made.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= made.finished_at and scopes.valid_to > made.finished_at
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as deployed,
        count(*) filter (where status = 'adopted') as through,
        count(*) filter (where status = 'unknown') as unknown
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(through as double) / deployed as value,
    cast(through as double) / deployed as low,
    cast(through + unknown as double) / deployed as high,
    deployed as sample_size, cast(through as double) as numerator, cast(deployed as double) as denominator,
    cast(deployed - unknown as double) / deployed as coverage, is_partial
from counted
