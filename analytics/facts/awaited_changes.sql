-- One row per change and service that is to receive it: since when it waits for production, and until when.
--
-- A service receives what is merged in a repository from which it was ever deployed to production; path
-- rules keep from it what is not its own. Where there are pull requests only they wait: a commit by
-- itself may lie on a branch that nobody has merged. A copy and an empty change are here and marked:
-- the one is the same change again, the other changes nothing, so neither waits. What was never
-- deployed from has no way to production, and nothing waits for it.
-- `excluded` is that of `delivered_changes`.
with reviewed as (
    select distinct repository from changes where kind = 'pull_request'
)
select changes.change_id, ways.service, changes.repository, changes.kind, changes.actor_kind, changes.sha,
    changes.merged_at, ways.deployed_since, ways.known_since, delivered_changes.deployed_at,
    delivered_changes.deployment_id, delivered_changes.excluded, delivered_changes.merge_to_production_seconds,
    coalesce(changes.origin_id <> changes.change_id, false) as is_copy, coalesce(changes.is_empty, false) as is_empty,
    changes.day as merged_day,
    -- the day on which it waited no more; null while it waits
    case when delivered_changes.deployed_at is not null then local_day(greatest(changes.merged_at, delivered_changes.deployed_at)) end
        as day,
    changes.url
from changes
join ways_to_production as ways on ways.repository = changes.repository
    -- a service receives what path rules give it; without rules it receives everything
    and (changes.services is null or array_has(changes.services, ways.service))
left join reviewed on reviewed.repository = changes.repository
left join delivered_changes on delivered_changes.change_id = changes.change_id
    and delivered_changes.service = ways.service
where changes.merged_at is not null and (changes.kind = 'pull_request' or reviewed.repository is null)
