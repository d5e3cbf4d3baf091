-- expect: no-such-function
select * from parquet_metadata('/etc/passwd')
