-- One row per component that anybody can use, with the instant since which they can.
--
-- The register as a fact, so that metrics can look thirty, sixty and ninety days beyond a launch.
select component_id, category, lifecycle, released_at, local_day(released_at) as day
from components
where released_at is not null
