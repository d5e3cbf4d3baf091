-- expect: question-too-complex
select string_agg(cast(value as varchar), ',') from generate_series(1, 20000000)
