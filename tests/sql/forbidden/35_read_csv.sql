-- expect: no-such-function
select * from read_csv('/etc/passwd')
