-- Commits joined to the runs that built them, by result.
select ci_runs.result, count(*) as runs, count(distinct commits.sha) as commits
from commits
join ci_runs on ci_runs.repository = commits.repository and ci_runs.head_sha = commits.sha
group by ci_runs.result
order by ci_runs.result
