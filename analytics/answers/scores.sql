-- The published scores of the organisation, by component and wave, newest wave last. Where several surveys or
-- questions ask about a component, the one that `nps` reads of the newest wave speaks for all of its waves.
with asked as (
    select *,
        first_value(survey) over newest as newest_survey,
        first_value(question_id) over newest as newest_question
    from survey_results
    where segment_kind = 'organisation' and statistic = 'nps'
    window newest as (
        partition by component_id order by day desc, survey, wave desc, question_id
        rows between unbounded preceding and unbounded following
    )
)
select component_id, wave, day as closed_on, value, low, high, answers
from asked
where survey = newest_survey and question_id = newest_question
order by component_id, day, wave
