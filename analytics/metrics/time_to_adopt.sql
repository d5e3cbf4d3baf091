-- Time to adopt: how long an eligible service takes until it uses a component.
--
-- Kaplan and Meier's estimate over all services whose clock had started, as known at the end of the
-- period: those that have not adopted yet count with the time that they have waited, so the number is
-- not flattered by the eager ones. Not reached: read "at least `low`". Services that used it when
-- tracking began are left out, because nobody knows when they could have begun.
select 'p50' as statistic, scope_kind, scope, period_start, period_end,
    survival_quantile(waited_seconds, is_adopted, 0.5) as value,
    survival_quantile_low(waited_seconds, is_adopted, 0.5) as low,
    survival_quantile_high(waited_seconds, is_adopted, 0.5) as high,
    count(*) as sample_size,
    cast(count(*) filter (where is_adopted) as double) as numerator, cast(count(*) as double) as denominator,
    1.0 as coverage, is_partial
from adopting
group by scope_kind, scope, period_start, period_end, is_partial
