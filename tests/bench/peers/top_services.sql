-- The services that are deployed most, with their share of rollbacks.
select service, count(*) as deployments, count(*) filter (where kind = 'rollback') as rollbacks,
    max(finished_at) as last_at
from deployments
where tier = 'production' and outcome = 'succeeded'
group by service
order by deployments desc, service
limit 20
