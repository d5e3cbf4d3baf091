-- expect: statement-not-allowed
alter table deployments add column made int
