-- expect: statement-not-allowed
declare c cursor for delete from deployments
