-- expect: statement-not-allowed
truncate table deployments
