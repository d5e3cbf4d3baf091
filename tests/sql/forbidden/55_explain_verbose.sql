-- expect: statement-not-allowed
explain verbose select * from deployments
