-- expect: statement-not-allowed
select ';'; drop table deployments
