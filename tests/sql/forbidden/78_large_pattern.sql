-- expect: question-too-complex
select regexp_like('x', '((a{100}){100}){100}')
