-- One row per repository, service, and spell in which the repository was the service's.
--
-- What names a repository and no service is about the service that had it then, not about the one that has
-- it today. The catalogue's first word about a service reaches back to the beginning of time, but only
-- where nobody else had the repository: of those who came later, the first. Where several had it at
-- the same time it is shared and names none of them.
with owned as (
    select coalesce(repository_names.repository, service_owners.repository) as repository, service_owners.service,
        service_owners.described_at, service_owners.valid_from, service_owners.valid_to
    from service_owners
    left join repository_names on repository_names.name = service_owners.repository
    where service_owners.repository is not null
),
edges as (
    select repository, valid_from as at from owned
    union
    select repository, described_at from owned
    union
    select repository, valid_to from owned where valid_to is not null
),
spans as (
    select repository, at as valid_from, lead(at) over (partition by repository order by at) as valid_to from edges
),
claims as (
    select spans.repository, spans.valid_from, spans.valid_to, owned.service,
        -- who was described by then comes before whoever was described later
        greatest(owned.described_at, spans.valid_from) as claimed_at
    from spans
    join owned on owned.repository = spans.repository and owned.valid_from <= spans.valid_from
        and (owned.valid_to is null or spans.valid_from < owned.valid_to)
),
weighed as (
    select *, min(claimed_at) over (partition by repository, valid_from) as first_claimed_at from claims
),
held as (
    select distinct repository, service, valid_from, valid_to from weighed where claimed_at = first_claimed_at
)
select repository, service, valid_from, valid_to,
    count(*) over (partition by repository, valid_from) > 1 as is_shared
from held
