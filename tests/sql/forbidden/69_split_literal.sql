-- expect: question-too-complex
select max(split_part(repeat('a,', 500000), ',', value)) from generate_series(1, 1500)
