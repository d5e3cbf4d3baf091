-- Direct coupling: of the services that use any tool of a category, the share that calls a vendor's tool directly.
--
-- By `category`, and by `category_vendor` for each vendor, over the active services at the end of the
-- period. A vendor's tool is an alternative whose entry names a vendor. The rest uses the platform's component,
-- behind which a vendor can be exchanged in one place, or a tool of its own. It says what leaving a
-- vendor would touch. A census of what was seen; coverage as in `fragmentation`.
with standing as (
    select period_start, period_end, is_partial, category, service, status = 'adopted' or alternative is not null as is_seen,
        case when status <> 'adopted' then alternative_vendor end as vendor
    from standings
    where edge = 'end' and scope_kind = 'component' and category is not null
),
users as (
    select period_start, period_end, is_partial, category, service, bool_or(is_seen) as is_known,
        bool_or(vendor is not null) as is_coupled
    from standing
    group by period_start, period_end, is_partial, category, service
),
seen as (
    select period_start, period_end, is_partial, category, count(*) as services,
        count(*) filter (where is_known) as known, count(*) filter (where is_coupled) as coupled
    from users
    group by period_start, period_end, is_partial, category
),
by_vendor as (
    select period_start, category, vendor, count(distinct service) as coupled
    from standing
    where vendor is not null
    group by period_start, category, vendor
),
told as (
    select 'category' as scope_kind, category as scope, period_start, period_end, is_partial, coupled, known, services from seen
    union all
    select 'category_vendor', by_vendor.category || '/' || by_vendor.vendor, seen.period_start, seen.period_end, seen.is_partial,
        by_vendor.coupled, seen.known, seen.services
    from by_vendor
    join seen on seen.period_start = by_vendor.period_start and seen.category = by_vendor.category
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(coupled as double) / nullif(known, 0) as value,
    case when known > 0 then cast(coupled as double) / services end as low,
    case when known > 0 then cast(coupled + services - known as double) / services end as high,
    known as sample_size, cast(coupled as double) as numerator, cast(known as double) as denominator,
    cast(known as double) / services as coverage, is_partial
from told
