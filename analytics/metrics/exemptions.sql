-- Exemptions: how many eligible services may stay off the path at the end of the period, and how well that is kept.
--
-- Of each service its newest exemption counts; all of it by `component_reason` too. `open`: it has not
-- ended. `review_due`: open, and the day on which somebody wanted to look again has passed. `expired`:
-- it ended, was not renewed, and the service still does not use the component. `repeated`: open ones
-- whose reason another open one gives too; such a reason is a candidate for the paved path. No
-- interval: all of them are known. None is a true zero.
with judged as (
    select *,
        expires_at >= read_at as is_open,
        expires_at < read_at and status <> 'adopted' as is_expired
    from standing_exemptions
    where place = 1
),
reasons as (
    select scope_kind, scope, period_start, reason_code, count(*) as with_this_reason
    from judged
    where is_open
    group by scope_kind, scope, period_start, reason_code
),
shared as (
    select judged.*, reasons.with_this_reason
    from judged
    left join reasons on reasons.scope_kind = judged.scope_kind and reasons.scope = judged.scope
        and reasons.period_start = judged.period_start and reasons.reason_code = judged.reason_code
),
scoped as (
    select scope_kind, scope, period_start, period_end, is_partial, read_at, review_at, is_open, is_expired, with_this_reason
    from shared
    union all
    select 'component_reason', scope || '/' || reason_code, period_start, period_end, is_partial, read_at, review_at, is_open,
        is_expired, with_this_reason
    from shared
    where scope_kind = 'component' and (is_open or is_expired)
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as services,
        count(*) filter (where is_open) as open,
        count(*) filter (where is_open and review_at < read_at) as review_due,
        count(*) filter (where is_expired) as expired,
        count(*) filter (where is_open and with_this_reason > 1) as repeated
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
),
told as (
    select eligible_counts.*, coalesce(counted.open, 0) as open, coalesce(counted.review_due, 0) as review_due,
        coalesce(counted.expired, 0) as expired, coalesce(counted.repeated, 0) as repeated
    from eligible_counts
    left join counted on counted.scope_kind = eligible_counts.scope_kind and counted.scope = eligible_counts.scope
        and counted.period_start = eligible_counts.period_start
    union all
    select scope_kind, scope, period_start, period_end, is_partial, services, open, review_due, expired, repeated
    from counted
    where scope_kind = 'component_reason'
)
select statistics.statistic, scope_kind, scope, period_start, period_end,
    cast(case statistics.statistic when 'open' then open when 'review_due' then review_due when 'expired' then expired else repeated end
        as double) as value,
    cast(null as double) as low, cast(null as double) as high, eligible as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator, 1.0 as coverage, is_partial
from told
cross join (values ('open'), ('review_due'), ('expired'), ('repeated')) as statistics(statistic)
