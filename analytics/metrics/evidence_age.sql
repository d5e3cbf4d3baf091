-- Age of evidence: how long ago the known statuses of eligible services were last confirmed, the median.
--
-- Read now: of a status that was confirmed again and again, only the newest confirmation is kept, so a
-- period of the past whose statuses were confirmed later too has no value, and its coverage says how
-- many that are. Evidence that is never renewed expires and becomes unknown; this shows it growing old
-- before that. A census: the median of all of them, without an interval.
with told as (
    select scope_kind, scope, period_start, period_end, is_partial,
        case when confirmed_at < read_at then seconds_between(confirmed_at, read_at) end as age_seconds
    from standings
    where edge = 'end' and fit = 'fits' and status <> 'unknown' and confirmed_at is not null
),
summarised as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as statuses, count(age_seconds) as known,
        median(age_seconds) as age_seconds
    from told
    group by scope_kind, scope, period_start, period_end, is_partial
),
whole as (
    select *, case when known = statuses then age_seconds end as value from summarised
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    value, value as low, value as high, known as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator,
    cast(known as double) / statuses as coverage, is_partial
from whole
