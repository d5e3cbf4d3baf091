-- Net promoter score: per cent of answers 9 and 10 minus per cent of answers 0 to 6.
--
-- Made from published survey cells only, never from answers; the newest wave of the period, by the day of its
-- last answer, speaks for it once that day is over. The scope `platform` is the platform as a whole. A cell that is withheld to
-- protect people has neither value nor count.
-- Interval: adjusted Wald. On a mandated component a score is no choice; say so beside it.
with published as (
    select
        case when survey_results.segment_kind = 'organisation' then 'component' else 'component_team' end as scope_kind,
        case when survey_results.segment_kind = 'organisation' then survey_results.component_id
            else survey_results.component_id || '/' || survey_results.segment end as scope,
        calendar.period_start, calendar.period_end, calendar.is_partial,
        survey_results.value, survey_results.low, survey_results.high, survey_results.answers,
        row_number() over (
            partition by survey_results.component_id, survey_results.segment_kind, survey_results.segment, calendar.period_start
            order by survey_results.day desc, survey_results.survey, survey_results.wave desc, survey_results.question_id
        ) as place
    from survey_results
    join calendar on calendar.day = survey_results.day
    where survey_results.statistic = 'nps' and calendar.day_end <= calendar.as_of
)
select 'nps' as statistic, scope_kind, scope, period_start, period_end, value, low, high,
    answers as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, is_partial
from published
where place = 1
