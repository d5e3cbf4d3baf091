-- expect: statement-not-allowed
drop view deployments
