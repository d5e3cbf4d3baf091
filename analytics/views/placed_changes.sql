-- One row per scope, period and change that reached production in it: its clocks, and why it is left out.
--
-- What the lead time and its variants have in common. Every clock ends at a deployment and begins with
-- the change; one that has no end yet, or ends before it began, is null and never zero. Where clocks
-- differ by no more than is tolerated the lead time is 0, and the variants begin from there.
with clocked as (
    select delivered_changes.*,
        case when opened_at <= deployed_at then seconds_between(opened_at, deployed_at) end as from_opened_seconds,
        case when effective_deployed_at is not null
            then lead_time_seconds + seconds_between(deployed_at, effective_deployed_at) end as effective_seconds,
        case when exposed_at is not null and lead_time_seconds is not null
            then greatest(lead_time_seconds + seconds_between(deployed_at, exposed_at), 0.0) end as exposed_seconds,
        -- one target is its own last one
        lead_time_seconds + greatest(seconds_between(deployed_at, coalesce(last_target_at, deployed_at)), 0.0) as last_region_seconds,
        case excluded
            when 'baseline' then 'first known deployment of the service: it takes the whole past'
            when 'bot' then 'made by a bot'
            when 'remediation' then 'made to repair something: it counts as rework'
            when 'cancelled_out' then 'taken back before anybody used it'
            when 'empty' then 'it changed nothing'
            when 'skew' then 'its clocks contradict each other'
        end as left_out
    from delivered_changes
)
select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial, clocked.*
from clocked
join calendar on calendar.day = clocked.day
join scopes on scopes.service = clocked.service
    and clocked.deployed_at >= scopes.valid_from and clocked.deployed_at < scopes.valid_to
