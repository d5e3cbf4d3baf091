-- expect: question-too-complex
select repeat('x', 1000000000)
