-- expect: statement-not-allowed
create schema made
