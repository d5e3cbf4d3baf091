-- expect: statement-not-allowed
explain analyze select * from deployments
