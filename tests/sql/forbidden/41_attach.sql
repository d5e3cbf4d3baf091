-- expect: statement-not-allowed
attach database '/tmp/x.db' as x
