-- Re-entry: how many services that were not born with a component came to use it in a period without a mandate.
--
-- The paved road wins old services by being better, not by being prescribed. A service counts in the
-- period in which it adopted of its own accord (`voluntary`), also when it comes back, and for the team that
-- had it then; what began with the component is `default`, and what was announced before is a mandate. Use
-- that was there when tracking began is no adoption. None is a true zero where eligible services stood at
-- the end. No interval: all of them were counted.
with entered as (
    select scope_kind, scope, period_start, period_end, is_partial, count(distinct service) as services
    from new_adoptions
    where motive = 'voluntary' and fit = 'fits' and not is_prevalent
    group by scope_kind, scope, period_start, period_end, is_partial
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, eligible, cast(null as bigint) as services from eligible_counts
    union all
    select scope_kind, scope, period_start, period_end, is_partial, cast(null as bigint), services from entered
)
select 'services' as statistic, scope_kind, scope, period_start, period_end,
    cast(coalesce(sum(services), 0) as double) as value,
    cast(null as double) as low, cast(null as double) as high,
    -- who has fallen asleep since is eligible no more, and came all the same
    greatest(coalesce(sum(eligible), 0), coalesce(sum(services), 0)) as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator, 1.0 as coverage, is_partial
from counted
group by scope_kind, scope, period_start, period_end, is_partial
