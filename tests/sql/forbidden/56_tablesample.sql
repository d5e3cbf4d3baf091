-- expect: statement-not-allowed
select * from deployments tablesample bernoulli (10)
