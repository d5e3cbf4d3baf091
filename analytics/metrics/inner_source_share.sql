-- Inner-source share: of the changes merged in a period, the share that came from outside the team that owns the service.
--
-- A team that takes changes from others can be helped, and a platform that does is owned by all; where
-- nobody but its owners changes it, everybody waits for them. A change counts in the period in which it
-- was merged, once in each scope: as outside if it came from outside for one of the scope's services that
-- received it. To which team an author belonged is said in `memberships`; people stand nowhere.
-- Changes by bots, copies of a change and empty ones are left out. Interval: Wilson.
-- Coverage: changes whose author's team and whose service's owner are known, of all. It is neither good
-- nor bad by itself: a share near one means that the owners do not keep up.
with placed as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        contributions.change_id, bool_or(contributions.is_outside) as is_outside
    from contributions
    join calendar on calendar.day = contributions.day
    join scopes on scopes.service = contributions.service
        and contributions.merged_at >= scopes.valid_from and contributions.merged_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        contributions.change_id
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as changes,
        count(is_outside) as known, count(*) filter (where is_outside) as outside
    from placed
    group by scope_kind, scope, period_start, period_end, is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(outside as double) / nullif(known, 0) as value,
    wilson_low(outside, known) as low, wilson_high(outside, known) as high,
    known as sample_size, cast(outside as double) as numerator, cast(known as double) as denominator,
    cast(known as double) / nullif(changes, 0) as coverage, is_partial
from counted
