-- The merged changes behind a delivery time, and those left out with the reason.
select delivered_changes.change_id, delivered_changes.service, delivered_changes.kind, delivered_changes.sha,
    delivered_changes.merged_at, delivered_changes.deployed_at, delivered_changes.deployment_id,
    delivered_changes.merge_to_production_seconds, delivered_changes.url,
    coalesce(delivered_changes.excluded is null and delivered_changes.kind = 'pull_request'
        and delivered_changes.merge_to_production_seconds is not null, false) as is_counted,
    case
        when delivered_changes.excluded = 'baseline' then 'first known deployment of the service: it takes the whole past'
        when delivered_changes.excluded = 'bot' then 'made by a bot'
        when delivered_changes.excluded = 'skew' then 'its clocks contradict each other'
        when delivered_changes.kind <> 'pull_request' then 'no pull request merged it'
        when delivered_changes.merge_to_production_seconds is null then 'deployed before it was merged'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from delivered_changes
join calendar on calendar.day = delivered_changes.day
join scopes on scopes.service = delivered_changes.service
    and delivered_changes.deployed_at >= scopes.valid_from and delivered_changes.deployed_at < scopes.valid_to
