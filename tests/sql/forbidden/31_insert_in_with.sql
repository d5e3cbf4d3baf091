-- expect: statement-not-allowed
with made as (insert into deployments values ('x', 'y', 1) returning *) select * from made
