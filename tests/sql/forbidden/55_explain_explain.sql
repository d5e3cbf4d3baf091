-- expect: statement-not-allowed
explain explain explain select 1
