-- expect: statement-not-allowed
explain (analyze, verbose) select * from deployments
