-- One row per version of a component, with the days of its life.
--
-- The register as a fact, so that metrics can say what was the newest version at an instant.
select component_id, version, released_at, deprecated_at, end_of_life_at, local_day(released_at) as day
from releases
