-- expect: statement-not-allowed
create external table leak stored as csv location 's3://bucket/x.csv' options ('aws.region' 'eu')
