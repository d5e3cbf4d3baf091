-- expect: question-too-complex
select median(value) over (order by value) from generate_series(1, 200000)
