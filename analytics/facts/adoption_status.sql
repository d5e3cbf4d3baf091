-- One row per service, component and spell of unchanged status.
--
-- Evidence is believed until the next finding or until it expires; after that the status is
-- unknown, never off the path: an outage of a scanner is no change of mind. Fresh evidence makes a
-- service an adopter even where the fit rule says no, and the conflict is flagged.
with settings_in_force as (
    select * from settings
),
findings as (
    select service_hint as service, component_id, detector, kind, finding, alternative, version, observed_at, url,
        coalesce(path, run) as evidence_ref,
        case finding when 'present' then 1 when 'partial' then 2 when 'alternative' then 3 when 'absent' then 4 else 5 end as strength,
        lead(observed_at) over (partition by service_hint, component_id, detector order by observed_at, entity_id) as next_at
    from observed.evidence
    where part_of is null and not is_deleted and service_hint is not null
),
covers as (
    select findings.*,
        least(
            coalesce(next_at, plus_seconds(observed_at, 86400 * 365 * 100)),
            plus_seconds(observed_at, 86400 * case when kind = 'runtime' then settings_in_force.evidence_ttl_runtime_days
                else settings_in_force.evidence_ttl_static_days end)
        ) as expires_at
    from findings
    cross join settings_in_force
),
catalogued as (
    select service, labels from service_owners where valid_to is null
),
known as (
    select service from catalogued
    union
    select distinct service from findings
),
fits as (
    select known.service, components.component_id,
        case
            when components.has_rules and catalogued.labels is null then 'unknown'
            when components.has_any_rule and not array_has_any(catalogued.labels, components.fit_any_tags) then 'does_not_fit'
            when components.has_no_rule and array_has_any(catalogued.labels, components.fit_no_tags) then 'does_not_fit'
            else 'fits'
        end as fit
    from known
    cross join components
    left join catalogued on catalogued.service = known.service
),
edges as (
    select service, component_id, observed_at as at from covers
    union
    select service, component_id, expires_at from covers
    union
    select service, component_id, opened_at from exemptions
    union
    select service, component_id, expires_at from exemptions
    union
    -- before the first finding nothing is known, and that too is a row
    select service, component_id, arrow_cast(to_timestamp_micros(0), 'Timestamp(Microsecond, Some("UTC"))') from fits
),
segments as (
    select edges.service, edges.component_id, edges.at, fits.fit
    from edges
    join fits on fits.service = edges.service and fits.component_id = edges.component_id
),
evident as (
    select segments.service, segments.component_id, segments.at, segments.fit,
        covers.finding, covers.kind, covers.alternative, covers.version, covers.observed_at, covers.evidence_ref, covers.url,
        row_number() over (
            partition by segments.service, segments.component_id, segments.at
            order by covers.strength nulls last, covers.observed_at desc, covers.detector
        ) as place
    from segments
    left join covers on covers.service = segments.service and covers.component_id = segments.component_id
        and covers.observed_at <= segments.at and segments.at < covers.expires_at
),
judged as (
    select evident.*,
        case
            when evident.finding = 'present' then 'adopted'
            when evident.fit = 'does_not_fit' then 'not_eligible'
            when evident.fit = 'unknown' then 'unknown'
            when exemptions.service is not null then 'exempt'
            when evident.finding = 'partial' then 'partial'
            when evident.finding in ('alternative', 'absent') then 'off_path'
            else 'unknown'
        end as status
    from evident
    left join exemptions on exemptions.service = evident.service and exemptions.component_id = evident.component_id
        and exemptions.opened_at <= evident.at and evident.at < exemptions.expires_at
    where evident.place = 1
),
turns as (
    select judged.*,
        status || '/' || coalesce(alternative, '') || '/' || coalesce(version, '') as said,
        lag(status || '/' || coalesce(alternative, '') || '/' || coalesce(version, ''))
            over (partition by service, component_id order by at) as said_before
    from judged
),
spells as (
    select *,
        lead(at) over (partition by service, component_id order by at) as valid_to
    from turns
    where said_before is null or said <> said_before
),
remembered as (
    select spells.*,
        -- adopted long enough to have meant it, at some time before
        max(case when status = 'adopted'
                and seconds_between(at, valid_to) >= settings_in_force.left_min_adopted_days * 86400 then 1 else 0 end)
            over (partition by service, component_id order by at rows between unbounded preceding and 1 preceding) as was_adopted,
        min(case when status <> 'unknown' then at end) over (partition by service, component_id) as tracked_at
    from spells
    cross join settings_in_force
)
select remembered.service, remembered.component_id, remembered.status,
    remembered.at as valid_from, remembered.valid_to,
    -- who uses it shows that it fits, whatever the rule says
    case when remembered.finding = 'present' then 'fits' else remembered.fit end as fit,
    remembered.kind as evidence_kind, remembered.observed_at as evidence_at, remembered.evidence_ref, remembered.url as evidence_url,
    coalesce(remembered.fit = 'does_not_fit' and remembered.finding = 'present', false) as has_conflict,
    remembered.alternative, remembered.version,
    case
        when remembered.status <> 'adopted' then null
        when mandates.component_id is not null and mandates.announced_at <= remembered.at then 'mandate'
        else 'voluntary'
    end as motive,
    coalesce(remembered.status = 'off_path' and remembered.was_adopted = 1, false) as is_left,
    coalesce(remembered.status = 'adopted' and remembered.at = remembered.tracked_at, false) as is_prevalent,
    local_day(remembered.at) as day
from remembered
left join mandates on mandates.component_id = remembered.component_id
