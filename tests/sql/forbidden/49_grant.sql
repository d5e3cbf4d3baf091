-- expect: statement-not-allowed
grant select on deployments to public
