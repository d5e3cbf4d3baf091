-- One row per component, scope and period: for how many active services the component is made at its end.
select scope_kind, scope, period_start, period_end, is_partial, sum(services) as eligible
from standing_counts
where fit = 'fits'
group by scope_kind, scope, period_start, period_end, is_partial
