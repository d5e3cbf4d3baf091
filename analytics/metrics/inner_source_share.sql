-- Inner-source share: of the changes merged in a period, the share that came from outside the team that owns the service.
--
-- A team that takes changes from others can be helped, and a platform that does is owned by all; where
-- nobody but its owners changes it, everybody waits for them. A change counts in the period in which it
-- was merged, once for each service whose own it touched; a library that services share is nobody's own.
-- To which team an author belonged is said in `memberships`; people stand nowhere. Changes by bots,
-- copies of a change and empty ones are left out. So are commits without a pull request in a repository that has
-- any: of these nobody knows whether they were merged, and no coverage speaks of them. Interval: Wilson.
-- Coverage: those of which the author's team is known, and the owner with its members. It is known as soon as a
-- change is merged. It can be gamed by moving people between teams, and is neither good nor bad by itself: a
-- share near one means that the owners do not keep up.
with counted as (
    select scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial,
        count(*) as changes, count(contributions.is_outside) as known,
        count(*) filter (where contributions.is_outside) as outside
    from contributions
    join calendar on calendar.day = contributions.day
    join scopes on scopes.service = contributions.service
        and contributions.merged_at >= scopes.valid_from and contributions.merged_at < scopes.valid_to
    group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
)
select 'share' as statistic, scope_kind, scope, period_start, period_end,
    cast(outside as double) / nullif(known, 0) as value,
    wilson_low(outside, known) as low, wilson_high(outside, known) as high,
    known as sample_size, cast(outside as double) as numerator, cast(known as double) as denominator,
    cast(known as double) / nullif(changes, 0) as coverage, is_partial
from counted
