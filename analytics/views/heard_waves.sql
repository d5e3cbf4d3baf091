-- One row per net promoter score, published or withheld, of a wave whose last day is over, with its place in the period:
-- 1 is the newest wave of the period, which speaks for it.
--
-- The scope `platform` is the platform as a whole.
select survey_results.* exclude (statistic),
    case when survey_results.segment_kind = 'organisation' then 'component' else 'component_team' end as scope_kind,
    case when survey_results.segment_kind = 'organisation' then survey_results.component_id
        else survey_results.component_id || '/' || survey_results.segment end as scope,
    calendar.period_start, calendar.period_end, calendar.is_partial,
    row_number() over (
        partition by survey_results.component_id, survey_results.segment_kind, survey_results.segment, calendar.period_start
        order by survey_results.day desc, survey_results.survey, survey_results.wave desc, survey_results.question_id
    ) as place
from survey_results
join calendar on calendar.day = survey_results.day
where survey_results.statistic = 'nps' and calendar.day_end <= calendar.as_of
