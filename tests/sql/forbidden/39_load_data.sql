-- expect: statement-not-allowed
load data inpath '/etc/passwd' into table deployments
