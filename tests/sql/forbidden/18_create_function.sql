-- expect: statement-not-allowed
create function made(x int) returns int return x + 1
