-- One row per service and spell of activity: from a commit or production deployment until
-- `active_service_window` after the last one that follows without a longer pause.
--
-- A fork, a template and what is archived is no service that could use anything, whatever happens in
-- it. When a service is archived, or the catalogue takes it back (as after a split or a merge), and
-- nothing happens in it any more, it ends there and not at the end of the window.
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
    -- path rules say whose a change is where no catalogue gives the repository to anybody
    select unnest(own_services), merged_at from changes
    union all
    select service_hint, committed_at from commits where service_hint is not null
),
described as (
    select service, valid_from, valid_to, is_archived or is_template or is_fork as is_outside,
        lead(valid_from) over (partition by service order by valid_from) as next_from
    from service_owners
),
outside as (
    select service, local_day(valid_from) as from_day, local_day(valid_to) as until_day
    from described
    where is_outside
),
ends as (
    select service, from_day as day from outside
    union all
    select service, local_day(valid_to) from described
    where valid_to is not null and (next_from is null or next_from > valid_to)
),
days as (
    select distinct service, local_day(active_at) as day from activity where service is not null and active_at is not null
),
inside as (
    select days.service, days.day, count(ends.day) as endings
    from days
    left join ends on ends.service = days.service and ends.day < days.day
    -- the day on which it went out still had its own activity
    left anti join outside on outside.service = days.service
        and days.day > outside.from_day and (outside.until_day is null or days.day < outside.until_day)
    group by days.service, days.day
),
steps as (
    select service, day, endings,
        lag(day) over (partition by service order by day) as before,
        lag(endings) over (partition by service order by day) as endings_before
    from inside
),
numbered as (
    select steps.service, steps.day,
        sum(case
            when before is null or cast(day as int) - cast(before as int) > settings.active_service_window_days then 1
            -- it went out between the two
            when endings > endings_before then 1
            else 0
        end) over (partition by service order by day) as spell
    from steps
    cross join settings
),
spells as (
    select numbered.service, numbered.spell, min(numbered.day) as first_day, max(numbered.day) as last_day,
        cast(cast(max(numbered.day) as int) + max(settings.active_service_window_days) as date) as silent_day
    from numbered
    cross join settings
    group by numbered.service, numbered.spell
)
select spells.service, spells.first_day,
    least(min(spells.silent_day), min(cast(cast(ends.day as int) + 1 as date))) as end_day
from spells
left join ends on ends.service = spells.service and ends.day >= spells.last_day
group by spells.service, spells.spell, spells.first_day
