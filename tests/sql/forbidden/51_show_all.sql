-- expect: statement-not-allowed
show all
