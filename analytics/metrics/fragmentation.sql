-- Fragmentation: to how many equally used tools the tools of a category amount.
--
-- Over the active services at the end of the period, by `category`: a component of the platform that a
-- service uses, or the alternative that was detected in its place. `effective` is the exponential of
-- Shannon's entropy of the shares, `dominant` the inverse of Herfindahl's index, which weighs the
-- large ones more, and `tools` the plain number. One tool for all is 1. A census of what was seen:
-- coverage is the share of active services of which a tool of the category is known.
with standing as (
    select period_start, period_end, is_partial, category, service,
        case when status = 'adopted' then component_id else alternative end as tool
    from standings
    where edge = 'end' and scope_kind = 'component' and category is not null
),
users as (
    select period_start, period_end, is_partial, category, service, bool_or(tool is not null) as is_known
    from standing
    group by period_start, period_end, is_partial, category, service
),
seen as (
    select period_start, period_end, is_partial, category, count(*) as services, count(*) filter (where is_known) as known
    from users
    group by period_start, period_end, is_partial, category
),
used as (
    select period_start, category, tool, cast(count(distinct service) as double) as services
    from standing
    where tool is not null
    group by period_start, category, tool
),
shared as (
    select *, services / sum(services) over (partition by period_start, category) as share from used
),
scattered as (
    -- decimals, because a sum of floating numbers depends on the order in which they come
    select period_start, category, exp(-cast(sum(cast(share * ln(share) as decimal(38, 18))) as double)) as effective,
        1.0 / cast(sum(cast(share * share as decimal(38, 18))) as double) as dominant,
        cast(count(*) as double) as tools
    from shared
    group by period_start, category
),
told as (
    -- where no tool was seen there is no number, and no coverage
    select statistics.statistic, seen.*,
        case statistics.statistic when 'effective' then effective when 'dominant' then dominant else tools end as value
    from seen
    left join scattered on scattered.period_start = seen.period_start and scattered.category = seen.category
    cross join (values ('effective'), ('dominant'), ('tools')) as statistics(statistic)
)
select statistic, 'category' as scope_kind, category as scope, period_start, period_end,
    value, value as low, value as high, known as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator,
    cast(known as double) / services as coverage, is_partial
from told
