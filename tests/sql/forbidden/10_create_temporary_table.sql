-- expect: statement-not-allowed
create temporary table made as select 1
