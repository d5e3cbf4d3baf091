-- expect: statement-not-allowed
prepare p as delete from deployments; execute p
