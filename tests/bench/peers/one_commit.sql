-- One commit among all: when it was written, and where it was first deployed.
select commits.repository, commits.authored_at, attribution.service, attribution.deployed_at
from commits
left join attribution on attribution.repository = commits.repository and attribution.sha = commits.sha
where commits.sha = :sha
order by attribution.service, commits.repository
