-- Blast radius: the share of all production deployments that depend on a component.
--
-- When it fails, this much of the delivery stands still: deployments whose service used it at that
-- instant by all production deployments of the scope, eligible or not. Not better or worse by itself:
-- it says how reliable the component has to be. A census: `high` counts services of unknown status
-- and fit as depending on it.
with days as (
    select day, period_start, period_end, is_partial from calendar where period_start < as_of
),
made as (
    select days.period_start, days.period_end, days.is_partial, deployments.service, deployments.finished_at,
        adoption_status.component_id, adoption_status.status
    from days
    join deployments on deployments.day = days.day
    join adoption_status on adoption_status.service = deployments.service
        and adoption_status.valid_from <= deployments.finished_at
        and (adoption_status.valid_to is null or deployments.finished_at < adoption_status.valid_to)
    where deployments.tier = 'production' and deployments.changed_running_version
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
        count(*) filter (where status = 'adopted') as dependent,
        count(*) filter (where status = 'unknown') as unknown
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(dependent as double) / deployed as value,
    cast(dependent as double) / deployed as low,
    cast(dependent + unknown as double) / deployed as high,
    deployed as sample_size, cast(dependent as double) as numerator, cast(deployed as double) as denominator,
    cast(deployed - unknown as double) / deployed as coverage, is_partial
from counted
