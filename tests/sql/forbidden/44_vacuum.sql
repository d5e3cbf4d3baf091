-- expect: statement-not-allowed
vacuum
