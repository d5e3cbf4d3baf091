-- expect: deadline-exceeded
select count(*) from generate_series(1, 400000) as a where not exists (
  select 1 from generate_series(1, 400000) as b where a.value / 1000000 = b.value / 1000000 and a.value + b.value < 0)
