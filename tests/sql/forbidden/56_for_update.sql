-- expect: statement-not-allowed
select * from deployments for update
