-- Age of exemptions: for how long the open ones have been, the median.
--
-- From the day on which the newest exemption of an eligible service was granted to the end of the
-- period, or to now. An exemption that grows old is a fit rule that nobody has written down. A census:
-- all of them are known, so the median has no interval, however few they are.
with aged as (
    select scope_kind, scope, period_start, period_end, is_partial, median(seconds_between(opened_at, read_at)) as age_seconds,
        count(*) as open
    from standing_exemptions
    where place = 1 and expires_at >= read_at
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    age_seconds as value, age_seconds as low, age_seconds as high, open as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator, 1.0 as coverage, is_partial
from aged
