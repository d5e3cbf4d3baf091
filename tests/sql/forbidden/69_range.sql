-- expect: question-too-complex
select range(0, 300000000)
