-- expect: statement-not-allowed
explain copy (select 1) to '/nowhere/waymark-forbidden.csv'
