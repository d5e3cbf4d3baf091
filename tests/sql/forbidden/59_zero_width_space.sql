-- expect: statement-not-allowed
select 1 ​; drop table deployments
