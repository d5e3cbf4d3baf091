-- expect: statement-not-allowed
revoke select on deployments from public
