-- expect: statement-not-allowed
explain insert into deployments values ('x', 'y', 1)
