-- expect: question-too-complex
select levenshtein(repeat('a', 200000), repeat('b', 200000))
