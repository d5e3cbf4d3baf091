-- expect: statement-not-allowed
do $$ begin delete from deployments; end $$
