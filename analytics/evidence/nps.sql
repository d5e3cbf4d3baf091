-- The published survey cells behind a net promoter score; answers of single people are never shown.
select survey_results.survey, survey_results.wave, survey_results.question_id, survey_results.component_id,
    survey_results.segment_kind, survey_results.segment, survey_results.value, survey_results.low, survey_results.high,
    survey_results.answers, survey_results.suppression,
    survey_results.suppression = 'none' as is_counted,
    case when survey_results.suppression <> 'none' then 'withheld to protect people' end as reason,
    case when survey_results.segment_kind = 'organisation' then 'component' else 'component_team' end as scope_kind,
    case when survey_results.segment_kind = 'organisation' then survey_results.component_id
        else survey_results.component_id || '/' || survey_results.segment end as scope,
    calendar.period_start
from survey_results
join calendar on calendar.day = survey_results.day
