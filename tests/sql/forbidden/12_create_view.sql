-- expect: statement-not-allowed
create view made as select 1
