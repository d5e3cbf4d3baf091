-- expect: statement-not-allowed
create or replace table deployments as select 1
