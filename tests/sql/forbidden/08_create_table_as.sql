-- expect: statement-not-allowed
create table copied as select * from deployments
