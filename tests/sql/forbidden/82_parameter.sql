-- expect: not-supported
select count(*) from deployments where service = $1
