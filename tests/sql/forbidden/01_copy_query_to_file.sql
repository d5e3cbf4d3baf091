-- expect: statement-not-allowed
copy (select 1) to '/nowhere/waymark-forbidden.csv'
