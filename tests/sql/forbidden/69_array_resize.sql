-- expect: question-too-complex
select array_resize(make_array(1), 1000000000)
