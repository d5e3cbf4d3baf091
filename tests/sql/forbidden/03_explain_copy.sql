-- expect: statement-not-allowed
explain copy (select 1) to '/tmp/waymark-forbidden.csv'
