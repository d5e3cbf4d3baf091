-- expect: question-too-complex
select rpad('x', 1000000000)
