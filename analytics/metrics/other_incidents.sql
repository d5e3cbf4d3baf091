-- Other incidents: episodes of impaired service that no deployment is known to have caused.
--
-- They stand beside the change fail rate, in which they do not count: infrastructure, vendors, and
-- whatever nobody linked. An episode counts in the period in which it began, once in a scope however
-- many of its services it touches. A scope without any incident has no value: it is not known whether
-- its incidents are reported here at all. With one it may be a true zero.
-- No interval: all of them were counted. Coverage: episodes whose times do not contradict each other.
-- A missing link makes a failure look like an other incident; both together are what users felt.
with episodes as (
    select incidents.episode_id, incidents.started_at, incidents.day, incidents.cause, incidents.excluded,
        unnest(incidents.services) as service
    from incidents
),
placed as (
    select distinct scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        episodes.episode_id, episodes.cause, episodes.excluded
    from episodes
    join calendar on calendar.day = episodes.day
    join scopes on scopes.service = episodes.service
        and episodes.started_at >= scopes.valid_from and episodes.started_at < scopes.valid_to
    where episodes.started_at <= calendar.as_of
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial,
        count(*) as eligible,
        count(*) filter (where excluded is null) as usable,
        count(*) filter (where excluded is null and cause <> 'change') as others
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'count' as statistic, scope_kind, scope, period_start, period_end,
    case when usable > 0 then cast(others as double) end as value,
    cast(null as double) as low, cast(null as double) as high,
    others as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(usable as double) / nullif(eligible, 0) as coverage, is_partial
from counted
