-- expect: statement-not-allowed
explain analyze copy (select 1) to '/tmp/waymark-forbidden.csv'
