-- expect: no-such-table
select * from deliveries
