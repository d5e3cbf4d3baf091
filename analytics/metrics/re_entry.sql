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
entered as (
    select standing_spells.scope_kind, standing_spells.scope, ends.period_start, count(distinct joined.service) as services
    from (select * from period_edges where edge = 'end') as ends
    join joined on joined.adopted_since >= ends.period_start and joined.adopted_since < ends.period_end
    join standing_spells on standing_spells.component_id = joined.component_id and standing_spells.service = joined.service
        and standing_spells.from_place <= ends.place and standing_spells.to_place >= ends.place
    where standing_spells.fit = 'fits'
    group by standing_spells.scope_kind, standing_spells.scope, ends.period_start
),
counted as (
    select eligible_counts.*, coalesce(entered.services, 0) as entered
    from eligible_counts
    left join entered on entered.scope_kind = eligible_counts.scope_kind and entered.scope = eligible_counts.scope
        and entered.period_start = eligible_counts.period_start
)
select 'services' as statistic, scope_kind, scope, period_start, period_end, cast(entered as double) as value,
    cast(null as double) as low, cast(null as double) as high, eligible as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator, 1.0 as coverage, is_partial
from counted
