-- expect: question-too-complex
with recursive endless as (select 1 as x union all select x + 1 from endless) select count(*) from endless
