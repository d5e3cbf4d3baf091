-- expect: statement-not-allowed
create or replace view deployments as select 1
