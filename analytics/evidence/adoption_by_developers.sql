-- The weeks of services behind an adoption by developers: how many people wrote for it, and how it stood.
with worked as (
    select calendar.period_start, calendar.day_end, developer_weeks.service, developer_weeks.week_start,
        developer_weeks.developers, adoption_status.component_id, adoption_status.status, adoption_status.fit
    from calendar
    join developer_weeks on developer_weeks.day = calendar.day
    join adoption_status on adoption_status.service = developer_weeks.service
        and adoption_status.valid_from < calendar.day_end
        and (adoption_status.valid_to is null or calendar.day_end <= adoption_status.valid_to)
    where calendar.day_end <= calendar.as_of
),
placed as (
    select 'component' as scope_kind, component_id as scope, worked.* from worked
    union all
    select 'component_team', worked.component_id || '/' || scopes.scope, worked.*
    from worked
    join scopes on scopes.service = worked.service and scopes.scope_kind = 'team'
        and scopes.valid_from < worked.day_end and scopes.valid_to >= worked.day_end
)
select worked.service, worked.component_id, worked.week_start, worked.developers, worked.status,
    worked.fit = 'fits' as is_counted,
    case
        when worked.fit = 'does_not_fit' then 'the component is not made for it'
        when worked.fit = 'unknown' then 'not known whether it fits'
    end as reason,
    worked.scope_kind, worked.scope, worked.period_start
from placed as worked
