-- expect: question-too-complex
select range(date '0001-01-01', date '9999-12-31', interval '1' day)
