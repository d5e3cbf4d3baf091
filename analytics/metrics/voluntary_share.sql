-- Voluntary share: of the adoptions that were a choice or an order, the share that was a choice.
--
-- An adoption belongs to the period in which an active service began it. It was ordered when a mandate
-- had been announced before; `default` came with the service within seven days of its creation, is
-- neither, and is told apart as its share of all adoptions. Who used it when tracking began is not
-- counted. All adoptions are there, so there is no interval.
with counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as adoptions,
        count(*) filter (where motive = 'voluntary') as voluntary,
        count(*) filter (where motive = 'mandate') as mandated,
        count(*) filter (where motive = 'default') as by_default
    from new_adoptions
    where not is_prevalent
    group by scope_kind, scope, period_start, period_end, is_partial
),
told as (
    select statistics.statistic,
        case statistics.statistic when 'voluntary' then voluntary else by_default end as part,
        case statistics.statistic when 'voluntary' then voluntary + mandated else adoptions end as whole,
        scope_kind, scope, period_start, period_end, is_partial
    from counted
    cross join (values ('voluntary'), ('default')) as statistics(statistic)
)
select statistic, scope_kind, scope, period_start, period_end,
    cast(part as double) / nullif(whole, 0) as value,
    cast(part as double) / nullif(whole, 0) as low,
    cast(part as double) / nullif(whole, 0) as high,
    whole as sample_size, cast(part as double) as numerator, cast(whole as double) as denominator,
    case when whole > 0 then 1.0 end as coverage, is_partial
from told
