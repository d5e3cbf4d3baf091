-- expect: statement-not-allowed
select 1; select 2
