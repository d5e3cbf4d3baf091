-- expect: statement-not-allowed
create unbounded external table leak stored as csv location '/nowhere/fifo'
