-- expect: no-such-table
select * from meta.query_log
