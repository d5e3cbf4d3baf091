-- Commits that are their own ancestors, by themselves or through one other: no repository can hold them.
--
-- Of the commits of the window, by their own time in UTC, and those without a time. A longer loop is not
-- looked for here; the walk over the history passes every commit once, so none of them can hold it up.
with edges as (
    select repository, sha, committed_at, unnest(parents) as parent
    from commits
    where cardinality(parents) > 0
        and (committed_at is null or cast(committed_at as date) >= (select min(day) from calendar))
),
looping as (
    select repository, sha, committed_at from edges where sha = parent
    union
    select edges.repository, edges.sha, edges.committed_at
    from edges
    join edges as back on back.repository = edges.repository and back.sha = edges.parent and back.parent = edges.sha
)
select repository as subject, count(*) as items, max(committed_at) as newest_at,
    first_value(sha order by committed_at desc nulls last, sha) as example,
    cast(null as varchar) as url,
    cast(null as varchar) as suggestion
from looping
group by repository
order by items desc, subject
