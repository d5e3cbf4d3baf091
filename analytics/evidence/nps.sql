-- The published survey cells behind a net promoter score; answers of single people are never shown.
with told as (
    select survey_results.*, calendar.period_start,
        row_number() over (
            partition by survey_results.component_id, survey_results.segment_kind, survey_results.segment, calendar.period_start
            order by survey_results.day desc, survey_results.survey, survey_results.wave desc, survey_results.question_id
        ) as place
    from survey_results
    join calendar on calendar.day = survey_results.day
    where survey_results.statistic = 'nps' and calendar.day_end <= calendar.as_of
)
select survey, wave, question_id, component_id, segment_kind, segment, value, low, high, answers, suppression,
    place = 1 and suppression = 'none' as is_counted,
    case
        when place > 1 then 'a newer wave of the same period speaks for it'
        when suppression <> 'none' then 'withheld to protect people'
    end as reason,
    case when segment_kind = 'organisation' then 'component' else 'component_team' end as scope_kind,
    case when segment_kind = 'organisation' then component_id else component_id || '/' || segment end as scope,
    period_start
from told
