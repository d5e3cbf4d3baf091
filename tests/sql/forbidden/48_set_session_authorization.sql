-- expect: statement-not-allowed
set session authorization admin
