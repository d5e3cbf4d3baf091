-- expect: statement-not-allowed
insert into deployments values ('x', 'y', 1)
