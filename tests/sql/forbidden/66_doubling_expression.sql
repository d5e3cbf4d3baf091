-- expect: question-too-complex
with a0 as (select value as x from generate_series(1, 10)),
  a1 as (select x * x + x * x as x from a0),
  a2 as (select x * x + x * x as x from a1),
  a3 as (select x * x + x * x as x from a2),
  a4 as (select x * x + x * x as x from a3),
  a5 as (select x * x + x * x as x from a4),
  a6 as (select x * x + x * x as x from a5),
  a7 as (select x * x + x * x as x from a6),
  a8 as (select x * x + x * x as x from a7),
  a9 as (select x * x + x * x as x from a8),
  a10 as (select x * x + x * x as x from a9),
  a11 as (select x * x + x * x as x from a10),
  a12 as (select x * x + x * x as x from a11)
select x from a12
