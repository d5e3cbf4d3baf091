-- expect: statement-not-allowed
drop schema public cascade
