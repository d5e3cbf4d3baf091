-- expect: question-too-complex
select regexp_replace(repeat('x', 100000), 'x', repeat('y', 100000), 'g')
