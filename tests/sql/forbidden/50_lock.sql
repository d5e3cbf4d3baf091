-- expect: statement-not-allowed
lock table deployments
