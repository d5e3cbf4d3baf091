-- expect: question-too-complex
select repeat('x', 1000000) from generate_series(1, 10000)
