-- One row per merged change and service to which it belongs: from which teams it came, and whether from outside.
--
-- Who wrote it is looked up in `memberships` as they were when it was merged; people stop here. The opener
-- of a pull request is its author; where nobody says to which team that person belongs, it is the writer
-- of its first commit of whom somebody does. A change came from outside if none of its author's teams owned
-- the service then; null where the teams or the owner are not known. Bots are nobody, a copy is the same
-- change again, and what changed nothing contributes nothing. Where no members are named there is no row.
with named_commits as (
    select coalesce(repository_names.repository, commits.repository) as repository, commits.sha, commits.author
    from observed.commits as commits
    left join repository_names on repository_names.name = commits.repository
    where commits.part_of is null and not commits.is_deleted and commits.author is not null
),
known as (
    select pulls.entity_id as change_id, 0 as place, pulls.opened_at as written_at, '' as sha,
        memberships.team, memberships.valid_from, memberships.valid_to
    from observed.pull_requests as pulls
    join memberships on memberships.person = pulls.author
    where pulls.part_of is null and pulls.state = 'merged' and not pulls.is_deleted
    union all
    select change_commits.change_id, case when change_commits.role = 'merge' then 2 else 1 end,
        coalesce(commits.authored_at, commits.committed_at), commits.sha,
        memberships.team, memberships.valid_from, memberships.valid_to
    from named_commits
    join memberships on memberships.person = named_commits.author
    join commits on commits.repository = named_commits.repository and commits.sha = named_commits.sha
    join change_commits on change_commits.repository = commits.repository and change_commits.sha = commits.sha
    -- a squash keeps its author; a merge commit is by whoever pressed the button
    where change_commits.role in ('direct', 'original')
        or (change_commits.role = 'merge' and coalesce(cardinality(commits.parents), 0) <= 1)
),
ranked as (
    select known.change_id, known.team,
        rank() over (partition by known.change_id order by known.place, known.written_at, known.sha) as place
    from known
    join changes on changes.change_id = known.change_id
    where known.valid_from <= changes.merged_at and (known.valid_to is null or changes.merged_at < known.valid_to)
),
authored as (
    select change_id, array_agg(distinct team order by team) as author_teams from ranked where place = 1 group by change_id
),
merged as (
    select changes.change_id, changes.repository, changes.kind, changes.merged_at, changes.services, changes.day, changes.url
    from changes
    cross join (select count(*) as members from memberships) as told
    where told.members > 0 and changes.merged_at is not null and changes.actor_kind <> 'bot'
        and not coalesce(changes.is_empty, false) and changes.origin_id = changes.change_id
),
received as (
    select change_id, repository, kind, merged_at, day, url, unnest(services) as service
    from merged
    where services is not null
    union all
    select merged.change_id, merged.repository, merged.kind, merged.merged_at, merged.day, merged.url, repository_services.service
    from merged
    join repository_services on repository_services.repository = merged.repository
        and repository_services.valid_from <= merged.merged_at
        and (repository_services.valid_to is null or merged.merged_at < repository_services.valid_to)
    where merged.services is null
)
select received.change_id, received.service, received.repository, received.kind, received.merged_at,
    service_owners.owner, authored.author_teams, not array_has(authored.author_teams, service_owners.owner) as is_outside,
    received.day, received.url
from received
left join authored on authored.change_id = received.change_id
left join service_owners on service_owners.service = received.service and service_owners.valid_from <= received.merged_at
    and (service_owners.valid_to is null or received.merged_at < service_owners.valid_to)
