-- expect: no-such-table
select * from "https://example.org/x.csv"
