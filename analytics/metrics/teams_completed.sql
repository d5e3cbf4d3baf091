-- Teams completed: of the teams with eligible services, the share in which all of them use it.
--
-- `started` is the share in which at least one does, and is printed beside it: "how many teams
-- migrated" is `completed`. Exempt services are left out, and a team with none but exempt ones too.
-- Read at the end of the period. A census: `low` counts services of unknown status as not using it,
-- `high` as using it. Coverage: teams of which every status is known. A team of one counts as much
-- as a team of ten, so read it beside the adoption rate. Of one team it is all or nothing.
with teams as (
    select component_id, scope as team, period_start, period_end, is_partial,
        sum(services) as services,
        coalesce(sum(services) filter (where status = 'adopted'), 0) as adopted,
        coalesce(sum(services) filter (where status = 'unknown'), 0) as unknown
    from standing_counts
    where scope_kind = 'component_team' and fit = 'fits' and status <> 'exempt'
    group by component_id, scope, period_start, period_end, is_partial
),
scoped as (
    select 'component' as scope_kind, component_id as scope, teams.* exclude (team) from teams
    union all
    select 'component_team', team, teams.* exclude (team) from teams
),
counted as (
    select scope_kind, scope, period_start, period_end, is_partial, count(*) as teams,
        count(*) filter (where unknown = 0) as known,
        count(*) filter (where adopted = services) as completed,
        count(*) filter (where adopted + unknown = services) as completed_at_most,
        count(*) filter (where adopted > 0) as started,
        count(*) filter (where adopted + unknown > 0) as started_at_most
    from scoped
    group by scope_kind, scope, period_start, period_end, is_partial
),
told as (
    select statistics.statistic,
        case statistics.statistic when 'completed' then completed else started end as teams_there,
        case statistics.statistic when 'completed' then completed_at_most else started_at_most end as teams_at_most,
        teams, known, scope_kind, scope, period_start, period_end, is_partial
    from counted
    cross join (values ('completed'), ('started')) as statistics(statistic)
)
select statistic, scope_kind, scope, period_start, period_end,
    cast(teams_there as double) / teams as value,
    cast(teams_there as double) / teams as low,
    cast(teams_at_most as double) / teams as high,
    teams as sample_size, cast(teams_there as double) as numerator, cast(teams as double) as denominator,
    cast(known as double) / teams as coverage, is_partial
from told
