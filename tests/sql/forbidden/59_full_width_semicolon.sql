-- expect: sql-syntax
select 1； drop table deployments
