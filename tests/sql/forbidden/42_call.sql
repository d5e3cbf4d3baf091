-- expect: statement-not-allowed
call made()
