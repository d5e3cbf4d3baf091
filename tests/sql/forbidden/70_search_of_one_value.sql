-- expect: question-too-complex
select strpos(repeat('a', 1000000), repeat('a', 500000) || 'b')
