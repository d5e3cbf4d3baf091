-- expect: statement-not-allowed
select * into made from deployments
