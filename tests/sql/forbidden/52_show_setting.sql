-- expect: statement-not-allowed
show datafusion.runtime.memory_limit
