-- expect: statement-not-allowed
reset datafusion.execution.target_partitions
