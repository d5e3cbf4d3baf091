-- expect: statement-not-allowed
install httpfs
