-- One row per service and ISO week: how many people wrote something for it. Who they are stops here.
--
-- A person counts in the week in which a commit was written, bounded by its push, for the service that
-- had its repository then, or for each of those that shared it. Bots are nobody, and so is who was
-- forgotten: without a pseudonym one person cannot be told from another, so these weeks count fewer people
-- than wrote. `day` is the last day of the week. The counts of services do not add up to people: they are weights of services.
with written as (
    select coalesce(repository_names.repository, commits.repository) as repository, commits.service_hint, commits.author,
        least(coalesce(commits.authored_at, commits.committed_at), coalesce(commits.pushed_at, commits.authored_at, commits.committed_at))
            as written_at
    from observed.commits as commits
    left join repository_names on repository_names.name = commits.repository
    where commits.part_of is null and not commits.is_deleted and commits.author is not null and not coalesce(commits.is_bot, false)
),
worked as (
    select coalesce(written.service_hint, repository_services.service) as service, written.author,
        cast(local_day(written.written_at) as int) as day
    from written
    left join repository_services on repository_services.repository = written.repository
        and repository_services.valid_from <= written.written_at
        and (repository_services.valid_to is null or written.written_at < repository_services.valid_to)
)
select service,
    -- day 0 was a Thursday
    cast(day - (day + 3) % 7 as date) as week_start,
    cast(day - (day + 3) % 7 + 6 as date) as day,
    count(distinct author) as developers
from worked
where service is not null and day is not null
group by service, day - (day + 3) % 7
