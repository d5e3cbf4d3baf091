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
)
select newest_name as repository, sha,
    min(authored_at) as authored_at,
    min(committed_at) as committed_at,
    min(pushed_at) as pushed_at,
    -- the source that knows most of the history speaks; as text, because lists are compared one by one
    string_to_array(
        first_value(array_to_string(parents, ' ') order by cardinality(parents) desc nulls last, entity_id), ' '
    ) as parents,
    bool_or(coalesce(is_bot, false)) as is_bot,
    max(agent) as agent,
    max(revert_of) as revert_of,
    max(picked_from) as picked_from,
    max(patch_id) as patch_id,
    bool_and(is_empty) as is_empty,
    max(service_hint) as service_hint
from told
group by newest_name, sha
