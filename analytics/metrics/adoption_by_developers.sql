-- Adoption by developers: of the people who write for eligible services, the share of those whose service uses a component.
--
-- The same as `adoption_by_activity` with another weight: each service counts with the people who wrote
-- something for it in a week, by its status at the end of that week, which is where the week counts.
-- Who works for two services counts for both, and no person can be told from these counts. A census: `low`
-- counts services of unknown status as without the component, `high` as with it.
with worked as (
    select calendar.period_start, calendar.period_end, calendar.is_partial, calendar.day_end, developer_weeks.service,
        cast(developer_weeks.developers as double) as developers, adoption_status.component_id, adoption_status.status
    from calendar
    join developer_weeks on developer_weeks.day = calendar.day
    join adoption_status on adoption_status.service = developer_weeks.service
        and adoption_status.valid_from < calendar.day_end
        and (adoption_status.valid_to is null or calendar.day_end <= adoption_status.valid_to)
    where adoption_status.fit = 'fits' and calendar.day_end <= calendar.as_of
),
scoped as (
    select 'component' as scope_kind, component_id as scope, * from worked
    union all
    select 'component_team', worked.component_id || '/' || scopes.scope, worked.*
    from worked
    join scopes on scopes.service = worked.service and scopes.scope_kind = 'team'
        and scopes.valid_from < worked.day_end and scopes.valid_to >= worked.day_end
),
summed as (
    select scope_kind, scope, period_start, period_end, is_partial, count(distinct service) as services,
        sum(developers) as developers,
        sum(case when status = 'adopted' then developers else 0.0 end) as through,
        sum(case when status = 'unknown' then developers else 0.0 end) as unknown
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    through / developers as value, through / developers as low, (through + unknown) / developers as high,
    services as sample_size,
    -- a weight is no count of what was looked at
    cast(null as double) as numerator, cast(null as double) as denominator,
    (developers - unknown) / developers as coverage, is_partial
from summed
