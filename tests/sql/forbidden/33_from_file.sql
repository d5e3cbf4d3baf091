-- expect: no-such-table
select * from '/etc/passwd'
