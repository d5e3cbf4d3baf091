-- expect: statement-not-allowed
notify x
