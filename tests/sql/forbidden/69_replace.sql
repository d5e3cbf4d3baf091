-- expect: question-too-complex
select replace(repeat('x', 100000), 'x', repeat('y', 100000))
