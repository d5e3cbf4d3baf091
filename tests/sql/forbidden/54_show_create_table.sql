-- expect: statement-not-allowed
show create table deployments
