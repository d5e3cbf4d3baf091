-- expect: statement-not-allowed
create table made (x int)
