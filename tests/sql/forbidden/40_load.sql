-- expect: statement-not-allowed
load httpfs
