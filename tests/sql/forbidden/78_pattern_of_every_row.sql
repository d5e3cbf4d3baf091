-- expect: not-supported
select count(*) from generate_series(1, 10000) where regexp_like('x', '(a{100}){100}' || value)
