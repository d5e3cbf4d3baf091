-- expect: no-such-table
select * from survey_responses
