-- expect: statement-not-allowed
update deployments set service = 'x'
