-- The changes behind the pickup of a lead time, and those left out with the reason.
select delivered_changes.change_id, delivered_changes.service, delivered_changes.kind, delivered_changes.sha,
    delivered_changes.committed_at, delivered_changes.ready_at, delivered_changes.opened_at, delivered_changes.first_review_at,
    delivered_changes.merged_at, delivered_changes.deploy_started_at, delivered_changes.deployed_at,
    delivered_changes.deployment_id, delivered_changes.lead_time_seconds, delivered_changes.pickup_seconds, delivered_changes.flags,
    delivered_changes.url,
    delivered_changes.excluded is null and delivered_changes.lead_time_seconds is not null
        and delivered_changes.pickup_seconds is not null as is_counted,
    case coalesce(delivered_changes.excluded, case when delivered_changes.pickup_seconds is null then 'no_stage' end)
        when 'baseline' then 'first known deployment of the service: it takes the whole past'
        when 'bot' then 'made by a bot'
        when 'remediation' then 'made to repair something: it counts as rework'
        when 'cancelled_out' then 'taken back before anybody used it'
        when 'empty' then 'it changed nothing'
        when 'skew' then 'its clocks contradict each other'
        when 'no_stage' then 'one end of the stage is not known, or lies before the other'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from delivered_changes
join calendar on calendar.day = delivered_changes.day
join scopes on scopes.service = delivered_changes.service
    and delivered_changes.deployed_at >= scopes.valid_from and delivered_changes.deployed_at < scopes.valid_to
