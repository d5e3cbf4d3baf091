-- The published scores of the organisation, by component and wave, newest wave last.
select component_id, wave, day as closed_on, value, low, high, answers
from survey_results
where segment_kind = 'organisation' and statistic = 'nps'
order by component_id, day, wave
