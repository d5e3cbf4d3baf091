-- One row per component and ISO week: how many services stood where at its end, and who moved in it.
--
-- Levels are those of the metrics. A movement compares the two ends of the week by what was last
-- known, so an outage moves nobody: `completed` came to use it, `returned` used it and does no more.
-- `entered` came into scope without using it (born, woken up, first deployed, newly eligible), which is
-- growth and no loss. `leaks` were born in the week or in the one before it, and first seen in it without it; who is
-- exempt is none.
-- `remaining` is what a migration has still to move, and `held` is how much of it is exempt. `unconfirmed`
-- have moved as far as was last known, and are not known now.
-- `week_start` and `week_end` are instants here; in `developer_weeks`, `week_start` is a day.
with weeks as (
    select component_id, period_start, period_end, is_partial, status, fit, services,
        fit = 'fits' as is_eligible,
        fit = 'fits' and coalesce(known_status, '') = 'adopted' as is_done,
        coalesce(fit_before = 'fits', false) as was_eligible,
        coalesce(fit_before = 'fits' and known_status_before = 'adopted', false) as was_done,
        -- who used it when tracking began did not come to use it in that week
        known_status_before is not null as was_known,
        known_status is not null as is_known,
        is_newborn and not coalesce(fit_before = 'fits' and known_status_before is not null, false) as is_new
    from standing_moves
    where scope_kind = 'component'
)
select component_id, period_start as week_start, period_end as week_end, is_partial,
    sum(services) as active,
    coalesce(sum(services) filter (where is_eligible), 0) as eligible,
    coalesce(sum(services) filter (where is_eligible and status = 'adopted'), 0) as adopted,
    coalesce(sum(services) filter (where is_eligible and status = 'partial'), 0) as partial,
    coalesce(sum(services) filter (where is_eligible and status = 'off_path'), 0) as off_path,
    coalesce(sum(services) filter (where is_eligible and status = 'exempt'), 0) as exempt,
    coalesce(sum(services) filter (where is_eligible and status = 'unknown'), 0) as unknown,
    coalesce(sum(services) filter (where fit = 'unknown'), 0) as fit_unknown,
    coalesce(sum(services) filter (where is_done and was_eligible and was_known and not was_done), 0) as completed,
    coalesce(sum(services) filter (where is_eligible and not is_done and was_done), 0) as returned,
    coalesce(sum(services) filter (where is_eligible and not is_done and not was_eligible), 0) as entered,
    coalesce(sum(services) filter (where is_eligible and is_known and not is_done and status <> 'exempt' and is_new), 0) as leaks,
    coalesce(sum(services) filter (where is_eligible and not is_done), 0) as remaining,
    coalesce(sum(services) filter (where is_eligible and not is_done and status = 'exempt'), 0) as held,
    coalesce(sum(services) filter (where is_done and status <> 'adopted'), 0) as unconfirmed
from weeks
group by component_id, period_start, period_end, is_partial
