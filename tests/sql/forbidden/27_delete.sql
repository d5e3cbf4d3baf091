-- expect: statement-not-allowed
delete from deployments
