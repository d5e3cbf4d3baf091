-- expect: question-too-complex
select value from generate_series(1, 1500) where left(repeat('ab', 500000), value) > 'b' order by right(repeat('ab', 500000), value)
