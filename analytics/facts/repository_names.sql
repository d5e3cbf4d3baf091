-- One row per former name of a repository, with the name that it has now.
--
-- A provider's id stays when a repository is renamed or moved, so the names that one source tells of
-- one id are one repository, and the one spoken of last is its name. A name that two repositories of
-- one source have had does not say which of them is meant, and stays what it is.
with statements as (
    select source, instance, repository_id, repository as name, occurred_at from observed.commits
    union all
    select source, instance, repository_id, repository, occurred_at from observed.pull_requests
    union all
    select source, instance, repository_id, repository, occurred_at from observed.ci_runs
),
named as (
    select coalesce(source, '') || ':' || coalesce(instance, '') as place, repository_id, name, max(occurred_at) as told_at
    from statements
    where repository_id is not null and repository_id <> '' and name is not null and name <> ''
    group by coalesce(source, '') || ':' || coalesce(instance, ''), repository_id, name
),
renamed as (
    select place, repository_id, first_value(name order by told_at desc nulls last, name) as newest, max(told_at) as told_at
    from named
    group by place, repository_id
    having count(*) > 1
),
taken_again as (
    select distinct name
    from (select name from named group by place, name having count(*) > 1) as shared
),
candidates as (
    select named.name, renamed.newest,
        row_number() over (partition by named.name order by renamed.told_at desc nulls last, renamed.newest) as place
    from named
    join renamed on renamed.place = named.place and renamed.repository_id = named.repository_id
    left anti join taken_again on taken_again.name = named.name
    where named.name <> renamed.newest
),
followed as (
    select name, newest from candidates where place = 1
)
-- sources may know different parts of the way; three steps are followed, and a circle has one end
select one.name,
    case
        when two.newest is null then one.newest
        when two.newest = one.name then greatest(one.name, one.newest)
        else coalesce(three.newest, two.newest)
    end as repository
from followed as one
left join followed as two on two.name = one.newest
left join followed as three on three.name = two.newest
where two.newest is null or two.newest <> one.name or one.name < one.newest
