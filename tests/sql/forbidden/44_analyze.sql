-- expect: statement-not-allowed
analyze table deployments compute statistics
