-- expect: question-too-complex
with a0 as (select repeat('x', 1000000) as s),
  a1 as (select max(s || s) as s from a0),
  a2 as (select max(s || s) as s from a1),
  a3 as (select max(s || s) as s from a2),
  a4 as (select max(s || s) as s from a3)
select length(s) from a4
