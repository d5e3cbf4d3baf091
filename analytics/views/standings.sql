-- One row per component, scope, period, edge and active service: how the service stood to the component.
select period_edges.*, standing_spells.*
from period_edges
join standing_spells on standing_spells.from_place <= period_edges.place and standing_spells.to_place >= period_edges.place
