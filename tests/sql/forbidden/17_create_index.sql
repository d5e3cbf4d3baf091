-- expect: statement-not-allowed
create index made on deployments (service)
