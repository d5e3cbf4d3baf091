-- Production deployments of a known commit whose history has holes, so that nobody can say what is new in them.
select service as subject, count(*) as items, max(finished_at) as newest_at,
    first_value(repository || '@' || sha order by finished_at desc, deployment_id) as example,
    first_value(url order by finished_at desc, deployment_id) as url,
    cast(null as varchar) as suggestion
from unattributed_deployments
where is_commit_told
group by service
order by items desc, subject
