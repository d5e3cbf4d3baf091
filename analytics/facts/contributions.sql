-- One row per merged change and service whose own it touches: whether it came from outside the team that owns the service.
--
-- Who wrote it is looked up in `memberships` as they were when it was merged; people stop here, and so do
-- their teams, because a team may be one person. The opener of a pull request is its author; where nobody
-- says to which team that person belongs, it is the writer of its first commit of whom somebody does. Null
-- where that is not known, or nobody owns the service, or nobody is known to belong to the owner; `unknown`
-- says which. Services that share a repository without path rules own it together. Where there are pull
-- requests only they are merged for certain. Bots are nobody, a copy is the same change again, and what
-- changed nothing contributes nothing. Where no members are named there is no row.
with named_commits as (
    select coalesce(repository_names.repository, commits.repository) as repository, commits.sha, commits.author
    from observed.commits as commits
    left join repository_names on repository_names.name = commits.repository
    where commits.part_of is null and not commits.is_deleted and commits.author is not null
),
known as (
    select pulls.entity_id as change_id, 0 as place, pulls.opened_at as written_at, coalesce(pulls.merge_sha, '') as sha,
        memberships.team, memberships.valid_from, memberships.valid_to
    from observed.pull_requests as pulls
    join memberships on memberships.person = pulls.author
    where pulls.part_of is null and pulls.state = 'merged' and not pulls.is_deleted
    union all
    select change_commits.change_id, case when change_commits.role = 'merge' then 2 else 1 end as place,
        coalesce(commits.authored_at, commits.committed_at) as written_at, commits.sha,
        memberships.team, memberships.valid_from, memberships.valid_to
    from named_commits
    join memberships on memberships.person = named_commits.author
    join commits on commits.repository = named_commits.repository and commits.sha = named_commits.sha
    join change_commits on change_commits.repository = commits.repository and change_commits.sha = commits.sha
    -- a squash keeps its author; a merge commit, or what may be one, is by whoever pressed the button
    where change_commits.role in ('direct', 'original')
        or (change_commits.role = 'merge' and cardinality(commits.parents) = 1)
),
members as (
    select known.*, min(known.place) over (partition by known.change_id) as first_place
    from known
    join changes on changes.change_id = known.change_id
    where known.valid_from <= changes.merged_at and (known.valid_to is null or changes.merged_at < known.valid_to)
),
ranked as (
    -- the place is no part of the order: where no commit was observed it is the same in every row, and then the engine
    -- finds no plan
    select change_id, team, rank() over (partition by change_id order by written_at, sha) as turn
    from members
    where place = first_place
),
authored as (
    select change_id, array_agg(distinct team order by team) as teams from ranked where turn = 1 group by change_id
),
reviewed as (
    select distinct repository from changes where kind = 'pull_request'
),
merged as (
    select changes.change_id, changes.repository, changes.kind, changes.merged_at, changes.own_services, changes.day, changes.url
    from changes
    cross join (select distinct true as is_told from memberships) as told
    left join reviewed on reviewed.repository = changes.repository
    where changes.merged_at is not null and changes.actor_kind <> 'bot' and not coalesce(changes.is_empty, false)
        and changes.origin_id = changes.change_id and (changes.kind = 'pull_request' or reviewed.repository is null)
),
received as (
    -- path rules say whose own was touched
    select change_id, repository, kind, merged_at, day, url, unnest(own_services) as service, true as is_ruled
    from merged
    where own_services is not null
    union all
    -- without them everything is everybody's who had the repository then
    select merged.change_id, merged.repository, merged.kind, merged.merged_at, merged.day, merged.url,
        repository_services.service, false as is_ruled
    from merged
    join repository_services on repository_services.repository = merged.repository
        and repository_services.valid_from <= merged.merged_at
        and (repository_services.valid_to is null or merged.merged_at < repository_services.valid_to)
    where merged.own_services is null
),
owned as (
    select received.*, service_owners.owner, authored.teams,
        array_has(authored.teams, service_owners.owner) as is_inside
    from received
    left join authored on authored.change_id = received.change_id
    left join service_owners on service_owners.service = received.service and service_owners.valid_from <= received.merged_at
        and (service_owners.valid_to is null or received.merged_at < service_owners.valid_to)
),
told as (
    select owned.*, bool_or(is_inside) over (partition by change_id, is_ruled) as is_inside_of_one
    from owned
),
described as (
    -- the teams of which somebody is known to have been a member
    select distinct told.change_id, told.owner
    from told
    join memberships on memberships.team = told.owner and memberships.valid_from <= told.merged_at
        and (memberships.valid_to is null or told.merged_at < memberships.valid_to)
)
select told.change_id, told.service, told.repository, told.kind, told.merged_at, told.owner,
    case
        when told.teams is null or described.owner is null then null
        when told.is_ruled then not told.is_inside
        else not told.is_inside_of_one
    end as is_outside,
    case
        when told.teams is null then 'author'
        when told.owner is null then 'owner'
        when described.owner is null then 'members'
    end as unknown,
    told.day, told.url
from told
left join described on described.change_id = told.change_id and described.owner = told.owner
