-- Voluntary share: of the adoptions that were a choice or an order, the share that was a choice.
--
-- An adoption belongs to the period in which it began. It was ordered when a mandate had been
-- announced before; `default` came with the service within seven days of its creation, is neither,
-- and is told apart as its share of all adoptions. Who used it when tracking began is not counted.
-- All adoptions are there, so there is no interval.
with days as (
    select day, period_start, period_end, is_partial from calendar where period_start < as_of
),
joined as (
    select days.period_start, days.period_end, days.is_partial, adoption_status.component_id, adoption_status.service,
        adoption_status.valid_from,
        -- the first activity tells a birth that the catalogue does not
        case when adoption_status.motive = 'voluntary' and begun.service is not null then 'default'
            else adoption_status.motive end as motive
    from days
    join adoption_status on adoption_status.day = days.day
    left join (select * from births where scope_kind = 'component' and status = 'adopted') as begun
        on begun.service = adoption_status.service and begun.component_id = adoption_status.component_id
        and begun.adopted_since = adoption_status.adopted_since
    where adoption_status.status = 'adopted' and adoption_status.valid_from = adoption_status.adopted_since
        and (not adoption_status.is_prevalent or begun.service is not null)
),
scoped as (
    select 'component' as scope_kind, component_id as scope, * from joined
    union all
    select 'component_team', joined.component_id || '/' || scopes.scope, joined.*
    from joined
    join scopes on scopes.service = joined.service and scopes.scope_kind = 'team'
        and scopes.valid_from <= joined.valid_from and scopes.valid_to > joined.valid_from
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as adoptions,
        count(*) filter (where motive = 'voluntary') as voluntary,
        count(*) filter (where motive = 'mandate') as mandated,
        count(*) filter (where motive = 'default') as by_default
    from scoped
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
