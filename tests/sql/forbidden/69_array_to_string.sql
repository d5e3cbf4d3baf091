-- expect: question-too-complex
select array_to_string(range(0, 100000), repeat('x', 1000000))
