-- The weeks of every component: levels and movements, oldest first.
select component_id, week_start, week_end, is_partial, active, eligible, adopted, unknown, fit_unknown,
    completed, returned, entered, leaks, remaining, held, unconfirmed
from adoption_weekly
order by component_id, week_start
