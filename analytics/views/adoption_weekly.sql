-- One row per component and ISO week: how many services stood where at its end, and who moved in it.
--
-- Levels are those of the metrics. A movement compares the two ends of the week by what was last
-- known, so an outage moves nobody: `completed` came to use it, `returned` used it and does no more,
-- `entered` came into scope without using it (born, woken up, newly eligible). `remaining` is what a
-- migration has still to move, and `held` is how much of it is exempt.
with ends as (
    select component_id, service, edge, period_start, period_end, is_partial, status, fit,
        fit = 'fits' as is_eligible,
        fit = 'fits' and coalesce(known_status, '') = 'adopted' as is_done,
        known_status is not null as is_known
    from standings
    where scope_kind = 'component'
),
weeks as (
    select after.component_id, after.period_start, after.period_end, after.is_partial, after.status, after.fit,
        after.is_eligible, after.is_done,
        coalesce(before.is_eligible, false) as was_eligible, coalesce(before.is_done, false) as was_done,
        -- who used it when tracking began did not come to use it in that week
        coalesce(before.is_known, false) as was_known
    from (select * from ends where edge = 'end') as after
    left join (select * from ends where edge = 'start') as before
        on before.component_id = after.component_id and before.service = after.service
        and before.period_start = after.period_start
)
select component_id, period_start as week_start, period_end as week_end, is_partial,
    count(*) as active,
    count(*) filter (where is_eligible) as eligible,
    count(*) filter (where is_eligible and status = 'adopted') as adopted,
    count(*) filter (where is_eligible and status = 'partial') as partial,
    count(*) filter (where is_eligible and status = 'off_path') as off_path,
    count(*) filter (where is_eligible and status = 'exempt') as exempt,
    count(*) filter (where is_eligible and status = 'unknown') as unknown,
    count(*) filter (where fit = 'unknown') as fit_unknown,
    count(*) filter (where is_done and was_eligible and was_known and not was_done) as completed,
    count(*) filter (where is_eligible and not is_done and was_done) as returned,
    count(*) filter (where is_eligible and not is_done and not was_eligible) as entered,
    count(*) filter (where is_eligible and not is_done) as remaining,
    count(*) filter (where is_eligible and not is_done and status = 'exempt') as held
from weeks
group by component_id, period_start, period_end, is_partial
