-- Production deployments by hour of the day (UTC) and result.
select extract(hour from finished_at) as hour, outcome, count(*) as deployments
from deployments
where tier = 'production' and finished_at is not null
group by extract(hour from finished_at), outcome
order by hour, outcome
