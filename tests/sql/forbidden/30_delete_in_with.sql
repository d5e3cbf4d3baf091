-- expect: statement-not-allowed
with gone as (delete from deployments returning *) select * from gone
