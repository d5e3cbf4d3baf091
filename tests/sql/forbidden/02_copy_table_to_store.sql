-- expect: statement-not-allowed
copy deployments to 's3://bucket/x.parquet' stored as parquet
