-- expect: question-too-complex
select array_repeat('x', 1000000000)
