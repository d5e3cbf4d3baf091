-- One row per commit and pull request that claims it, and whether the commit belongs to it.
--
-- Of pull requests built upon each other, each commit belongs to the one that was merged first.
with repeated as (
    -- most commits are claimed once
    select repository, sha from told_claims group by repository, sha having count(*) > 1
),
contested as (
    select told_claims.*,
        row_number() over (
            partition by told_claims.repository, told_claims.sha
            order by told_claims.merged_at, told_claims.entity_id, told_claims.is_merge
        ) = 1 as is_first
    from told_claims
    join repeated on (repeated.repository is not distinct from told_claims.repository)
        and (repeated.sha is not distinct from told_claims.sha)
)
select told_claims.*, true as is_first
from told_claims
left anti join repeated on (repeated.repository is not distinct from told_claims.repository)
    and (repeated.sha is not distinct from told_claims.sha)
union all
select * from contested
