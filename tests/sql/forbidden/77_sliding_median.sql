-- expect: question-too-complex
select median(value) over (order by value rows between 100000 preceding and current row) from generate_series(1, 200000)
