-- expect: question-too-complex
select count(*) from generate_series(1, 100000) as a cross join generate_series(1, 100000) as b
