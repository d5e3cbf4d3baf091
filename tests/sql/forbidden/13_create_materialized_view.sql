-- expect: statement-not-allowed
create materialized view made as select 1
