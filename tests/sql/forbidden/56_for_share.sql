-- expect: statement-not-allowed
select * from deployments for share
