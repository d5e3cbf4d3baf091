-- expect: statement-not-allowed
execute immediate 'drop table deployments'
