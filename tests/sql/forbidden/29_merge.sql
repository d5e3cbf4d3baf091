-- expect: statement-not-allowed
merge into deployments using deployments as other on false when matched then delete
