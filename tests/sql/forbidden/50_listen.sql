-- expect: statement-not-allowed
listen x
