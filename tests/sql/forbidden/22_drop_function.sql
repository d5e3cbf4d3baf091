-- expect: statement-not-allowed
drop function count
