-- One row per exemption as it was granted: who may stay off the path, why, and until when.
--
-- The register as a fact, so that metrics can read it. Nobody is named: who decided stays there.
select component_id, service, opened_at, review_at, expires_at, reason_code, reason, local_day(opened_at) as day
from exemptions
