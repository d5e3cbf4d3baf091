-- expect: question-too-complex
select count(*) from generate_series(1, 100000) as a join generate_series(1, 100000) as b on a.value + b.value < 0
