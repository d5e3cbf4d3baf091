-- expect: question-too-complex
select * from generate_series(1, 9223372036854775807) limit 1
