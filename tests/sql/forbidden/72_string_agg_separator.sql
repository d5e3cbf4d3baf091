-- expect: not-supported
select string_agg('x', repeat('y', 1000000)) from generate_series(1, 100000)
