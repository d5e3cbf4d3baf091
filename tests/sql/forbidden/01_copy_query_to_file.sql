-- expect: statement-not-allowed
copy (select 1) to '/tmp/waymark-forbidden.csv'
