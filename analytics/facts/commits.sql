-- One row per repository and commit: what all sources together say of it, without its people.
--
-- A push bounds the author time; git and the commit list of a pull request name the parents. A
-- commit that was only seen in a push has no parents here, because a push does not tell them. What was
-- said under a former name of the repository stands under its newest.
with told as (
    select commits.*, coalesce(repository_names.repository, commits.repository) as newest_name
    from observed.commits as commits
    left join repository_names on repository_names.name = commits.repository
    where commits.part_of is null and not commits.is_deleted
),
repeated as (
    -- most commits are told of by one source, and that one has the last word
    select newest_name, sha from told group by newest_name, sha having count(*) > 1
)
select told.newest_name as repository, told.sha, told.authored_at, told.committed_at, told.pushed_at,
    string_to_array(array_to_string(told.parents, ' '), ' ') as parents,
    coalesce(told.is_bot, false) as is_bot,
    told.agent, told.revert_of, told.picked_from, told.patch_id, told.is_empty, told.service_hint
from told
left anti join repeated on (repeated.newest_name is not distinct from told.newest_name)
    and (repeated.sha is not distinct from told.sha)
union all
select told.newest_name, told.sha,
    min(told.authored_at),
    min(told.committed_at),
    min(told.pushed_at),
    -- the source that knows most of the history speaks; as text, because lists are compared one by one
    string_to_array(
        first_value(array_to_string(told.parents, ' ') order by cardinality(told.parents) desc nulls last, told.entity_id), ' '
    ),
    bool_or(coalesce(told.is_bot, false)),
    max(told.agent),
    max(told.revert_of),
    max(told.picked_from),
    max(told.patch_id),
    bool_and(told.is_empty),
    max(told.service_hint)
from told
join repeated on (repeated.newest_name is not distinct from told.newest_name)
    and (repeated.sha is not distinct from told.sha)
group by told.newest_name, told.sha
