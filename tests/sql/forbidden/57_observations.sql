-- expect: no-such-table
select * from observed.survey_response
