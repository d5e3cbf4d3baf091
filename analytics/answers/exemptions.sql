-- Every exemption with its reason and dates, the newest first.
select component_id, service, reason_code, reason, owner, opened_at, review_at, expires_at
from exemptions
order by component_id, opened_at desc, service
