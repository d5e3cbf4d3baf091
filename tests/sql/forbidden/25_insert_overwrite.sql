-- expect: statement-not-allowed
insert overwrite deployments select * from deployments
