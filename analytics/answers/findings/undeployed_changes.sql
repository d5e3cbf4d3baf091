-- Changes that were merged in the window more than 30 days ago and that no production deployment contains.
--
-- Only of repositories that are deployed: the others are told as such. Thirty days, because a change
-- that waits for longer than most release trains was lost, is dead, or left by a way nobody reports.
-- What came with another change, or as a copy of it, is deployed with that.
with bounds as (
    select max(as_of) as as_of from calendar
),
merged as (
    select changes.*
    from changes
    cross join bounds
    where day between (select min(day) from calendar) and (select max(day) from calendar) and plus_seconds(merged_at, 30 * 86400) <= as_of
),
deployed as (
    select repository from deployments where tier = 'production' and repository is not null
    union
    -- a deployment may put several repositories there
    select split_part(revision, '@', 1) from (select unnest(revisions) as revision from deployments where tier = 'production') as revised
),
-- first which ones, by as little as can be: of a large organisation they are millions
unattributed as (
    select merged.change_id, merged.origin_id
    from merged
    left anti join attribution on attribution.repository = merged.repository and attribution.sha = merged.sha
),
undeployed as (
    select unattributed.change_id
    from unattributed
    left anti join delivered_changes on delivered_changes.change_id = coalesce(unattributed.origin_id, unattributed.change_id)
),
waiting as (
    select merged.*
    from merged
    left semi join deployed on deployed.repository = merged.repository
    left semi join undeployed on undeployed.change_id = merged.change_id
)
select repository as subject, count(*) as items, max(merged_at) as newest_at,
    first_value(change_id order by merged_at desc, change_id) as example,
    first_value(url order by merged_at desc, change_id) as url,
    cast(null as varchar) as suggestion
from waiting
group by repository
order by items desc, subject
