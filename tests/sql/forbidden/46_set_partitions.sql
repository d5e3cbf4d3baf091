-- expect: statement-not-allowed
set datafusion.execution.target_partitions = 1000
