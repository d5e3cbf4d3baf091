-- One row per component, service and stay with it: since when it used the component, until when that was followed,
-- and whether it left.
--
-- A stay ends when the service is off the path, exempt or no longer eligible: who uses another tool beside it
-- or is not seen for a while has not gone, and what was adopted again before the end is the same stay. It is
-- followed no longer than the service was active. `left_at` is null where it only ended.
with used as (
    select adoption_status.component_id, adoption_status.service, adoption_status.adopted_since,
        -- who was born under our eyes began with it, also where the first look found it
        bool_or(adoption_status.is_prevalent and newborn.service is null) as is_prevalent
    from adoption_status
    left join (select * from births where scope_kind = 'component' and status = 'adopted') as newborn
        on newborn.service = adoption_status.service and newborn.component_id = adoption_status.component_id
        and newborn.adopted_since = adoption_status.adopted_since
    where adoption_status.status = 'adopted' and adoption_status.fit = 'fits' and adoption_status.adopted_since is not null
    group by adoption_status.component_id, adoption_status.service, adoption_status.adopted_since
),
gone as (
    select component_id, service, valid_from as gone_at, case when is_left then left_at end as left_at, alternative,
        evidence_ref, evidence_url
    from adoption_status
    where (status in ('off_path', 'exempt', 'not_eligible') or fit = 'does_not_fit')
        -- an exemption or a rule ends no stay of who was last known to use it and is only not seen
        and coalesce(known_status, status) <> 'adopted'
),
ended as (
    select used.component_id, used.service, used.adopted_since, used.is_prevalent, min(gone.gone_at) as ended_at
    from used
    left join gone on gone.component_id = used.component_id and gone.service = used.service
        and gone.gone_at > used.adopted_since
    group by used.component_id, used.service, used.adopted_since, used.is_prevalent
),
stayed as (
    select component_id, service, min(adopted_since) as adopted_at, ended_at, bool_or(is_prevalent) as is_prevalent
    from ended
    group by component_id, service, ended_at
),
told as (
    select stayed.*, case when gone.left_at = stayed.ended_at then gone.left_at end as left_at, gone.alternative,
        gone.evidence_ref, gone.evidence_url
    from stayed
    left join gone on gone.component_id = stayed.component_id and gone.service = stayed.service
        and gone.gone_at = stayed.ended_at
),
awake as (
    select service, local_midnight(first_day) as wakes_at, local_midnight(end_day) as sleeps_at from service_activity
)
select told.component_id, told.service, told.adopted_at, told.is_prevalent, awake.service is not null as is_active,
    least(told.ended_at, awake.sleeps_at) as followed_until,
    case when told.left_at <= awake.sleeps_at then told.left_at end as left_at,
    told.alternative, told.evidence_ref, told.evidence_url
from told
left join awake on awake.service = told.service and awake.wakes_at <= told.adopted_at and awake.sleeps_at > told.adopted_at
