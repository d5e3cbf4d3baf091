-- expect: statement-not-allowed
set datafusion.runtime.memory_limit = '100G'
