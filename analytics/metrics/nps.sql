-- Net promoter score: per cent of answers 9 and 10 minus per cent of answers 0 to 6.
--
-- Made from published survey cells only, never from answers; the newest wave of the period, by the day of its
-- last answer, speaks for it once that day is over. The scope `platform` is the platform as a whole. A cell that is withheld to
-- protect people has neither value nor count.
-- Interval: adjusted Wald. On a mandated component a score is no choice; say so beside it.
select 'nps' as statistic, scope_kind, scope, period_start, period_end, value, low, high,
    answers as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from heard_waves
where place = 1
