-- expect: question-too-complex
select count(*) from generate_series(1, 9223372036854775807)
