-- expect: statement-not-allowed
attach database '/nowhere/x.db' as x
