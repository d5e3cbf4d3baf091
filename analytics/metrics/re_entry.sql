-- Re-entry: how many services that were not born with a component came to use it in a period without a mandate.
--
-- The paved road wins old services by being better, not by being prescribed. A service counts in the
-- period in which it adopted of its own accord (`voluntary`), also when it comes back; what began with
-- the component is `default`, and what was announced before is a mandate. Use that was there when
-- tracking began is no adoption. None is a true zero where eligible services stood at the end.
-- No interval: all of them were counted.
with joined as (
    select component_id, service, adopted_since, min(valid_from) as joined_at
    from adoption_status
    where status = 'adopted' and fit = 'fits' and motive = 'voluntary' and not is_prevalent and adopted_since is not null
    group by component_id, service, adopted_since
),
stood as (
    select scope_kind, scope, component_id, period_start, period_end, is_partial, service
    from standings
    where edge = 'end' and fit = 'fits'
),
counted as (
    select stood.scope_kind, stood.scope, stood.period_start, stood.period_end, stood.is_partial,
        count(distinct stood.service) as eligible, count(distinct joined.service) as entered
    from stood
    left join joined on joined.component_id = stood.component_id and joined.service = stood.service
        and joined.adopted_since >= stood.period_start and joined.adopted_since < stood.period_end
    group by stood.scope_kind, stood.scope, stood.period_start, stood.period_end, stood.is_partial
)
select 'services' as statistic, scope_kind, scope, period_start, period_end, cast(entered as double) as value,
    cast(null as double) as low, cast(null as double) as high, eligible as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator, 1.0 as coverage, is_partial
from counted
