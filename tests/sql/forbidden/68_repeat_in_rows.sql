-- expect: question-too-complex
select length(repeat('x', value)) from generate_series(1000, 9000) where repeat('x', 10000 + value) is not null
