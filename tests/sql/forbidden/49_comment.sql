-- expect: statement-not-allowed
comment on table deployments is 'x'
