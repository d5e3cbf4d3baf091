-- expect: statement-not-allowed
create external table leak stored as csv location '/etc/passwd'
