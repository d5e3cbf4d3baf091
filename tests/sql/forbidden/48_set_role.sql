-- expect: statement-not-allowed
set role admin
