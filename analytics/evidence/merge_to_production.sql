-- The merged changes behind a delivery time, and those left out with the reason.
select delivered_changes.change_id, delivered_changes.service, delivered_changes.kind, delivered_changes.sha,
    delivered_changes.merged_at, delivered_changes.deployed_at, delivered_changes.deployment_id,
    delivered_changes.merge_to_production_seconds, delivered_changes.flags, delivered_changes.url,
    coalesce(delivered_changes.excluded is null and delivered_changes.kind = 'pull_request'
        and delivered_changes.merge_to_production_seconds is not null, false) as is_counted,
    case coalesce(
            delivered_changes.excluded,
            case when delivered_changes.kind <> 'pull_request' then 'no_merge'
                when delivered_changes.merge_to_production_seconds is null then 'deployed_first' end
        )
        when 'baseline' then 'first known deployment of the service: it takes the whole past'
        when 'bot' then 'made by a bot'
        when 'remediation' then 'made to repair something: it counts as rework'
        when 'cancelled_out' then 'taken back before anybody used it'
        when 'empty' then 'it changed nothing'
        when 'skew' then 'its clocks contradict each other'
        when 'no_merge' then 'no pull request merged it'
        when 'deployed_first' then 'deployed before it was merged'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from delivered_changes
join calendar on calendar.day = delivered_changes.day
join scopes on scopes.service = delivered_changes.service
    and delivered_changes.deployed_at >= scopes.valid_from and delivered_changes.deployed_at < scopes.valid_to
