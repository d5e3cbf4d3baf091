-- expect: statement-not-allowed
explain analyze copy (select 1) to '/nowhere/waymark-forbidden.csv'
