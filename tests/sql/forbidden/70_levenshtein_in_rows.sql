-- expect: question-too-complex
select levenshtein(repeat('a', 3000), repeat('b', 3000 + value % 2)) from generate_series(1, 8000)
