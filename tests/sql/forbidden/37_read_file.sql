-- expect: no-such-function
select pg_read_file('/etc/passwd')
