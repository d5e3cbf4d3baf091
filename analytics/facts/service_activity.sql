-- One row per service and spell of activity: from a commit or production deployment until
-- `active_service_window` after the last one that follows without a longer pause.
with activity as (
    select service, finished_at as active_at from deployments where tier = 'production' and changed_running_version
    union all
    select service, deployed_at from delivered_changes
    union all
    -- work that is not deployed yet keeps a service active too
    select repository_services.service, changes.merged_at
    from changes
    join repository_services on repository_services.repository = changes.repository
        and repository_services.valid_from <= changes.merged_at
        and (repository_services.valid_to is null or changes.merged_at < repository_services.valid_to)
    union all
    select service_hint, committed_at from commits where service_hint is not null
),
days as (
    select distinct service, local_day(active_at) as day from activity where service is not null and active_at is not null
),
steps as (
    select service, day,
        lag(day) over (partition by service order by day) as before
    from days
),
numbered as (
    select steps.service, steps.day,
        sum(case when before is null or cast(day as int) - cast(before as int) > settings.active_service_window_days then 1 else 0 end)
            over (partition by service order by day) as spell
    from steps
    cross join settings
)
select service, min(day) as first_day,
    cast(cast(max(day) as int) + settings.active_service_window_days as date) as end_day
from numbered
cross join settings
group by service, spell, settings.active_service_window_days
