-- The fact `adoption_status` said a second time, by sets of segments instead of a walk.
--
-- Evidence is believed until the next finding or until it expires; after that the status is
-- unknown, never off the path: an outage of a scanner is no change of mind. What was detected
-- beats what was declared, and where the two disagree, or where somebody uses what is not made for
-- it, the conflict is flagged. Old and new together are `partial`. Whether a service was alive at
-- the time is left to `service_activity`, so that a commit does not compute its adoption again.
with settings_in_force as (
    select * from settings
),
named as (
    -- a component that was renamed is found under its former names
    select evidence.*, coalesce(component_names.component_id, evidence.component_id) as component
    from observed.evidence as evidence
    left join component_names on component_names.name = evidence.component_id
    where evidence.part_of is null and not evidence.is_deleted and evidence.service_hint is not null
),
newest_rule as (
    -- a changed rule is run over the past again, and its findings replace those of the old one; of several places
    -- the one that shows the most use is believed
    select *,
        row_number() over (
            partition by service_hint, component, detector, observed_at
            order by rule_version desc,
                case finding when 'present' then 1 when 'partial' then 2 when 'alternative' then 3 when 'absent' then 4 else 5 end,
                entity_id desc
        ) as place
    from named
),
besides as (
    -- what the same look saw in the component's stead in another place
    select chosen.entity_id, true as is_beside, first_value(other.alternative order by other.entity_id desc) as beside
    from newest_rule as chosen
    join newest_rule as other on other.service_hint = chosen.service_hint and other.component = chosen.component
        and other.detector = chosen.detector and other.observed_at = chosen.observed_at
        and other.rule_version = chosen.rule_version and other.kind = chosen.kind
    where chosen.place = 1 and chosen.finding = 'present' and other.finding = 'alternative'
    group by chosen.entity_id
),
findings as (
    select service_hint as service, component as component_id, detector, kind, finding, alternative, version, rule_version, observed_at, url,
        coalesce(besides.is_beside, false) as is_beside, besides.beside,
        coalesce(path || ':' || cast(line as varchar), path, run) as evidence_ref, sha,
        lead(observed_at) over (partition by service_hint, component, detector order by observed_at) as next_at
    from newest_rule
    left join besides on besides.entity_id = newest_rule.entity_id
    where place = 1
),
dated as (
    select findings.*,
        coalesce(next_at, plus_seconds(observed_at, 86400 * 365 * 100)) as replaced_at,
        plus_seconds(observed_at, 86400 * case when kind = 'runtime' then settings_in_force.evidence_ttl_runtime_days
            else settings_in_force.evidence_ttl_static_days end) as aged_at,
        settings_in_force.active_service_window_days as silence_days,
        kind || '/' || finding || '/' || coalesce(alternative, '') || '/' || coalesce(version, '') || '/'
            || cast(rule_version as varchar) || '/' || cast(is_beside as varchar) || '/' || coalesce(beside, '') as content
    from findings
    cross join settings_in_force
),
told_again as (
    select *,
        lag(content) over (partition by service, component_id, detector order by observed_at) as content_before,
        lag(aged_at) over (partition by service, component_id, detector order by observed_at) as aged_before
    from dated
),
islands as (
    select *,
        sum(case when content = content_before and aged_before >= observed_at then 0 else 1 end)
            over (partition by service, component_id, detector order by observed_at) as island
    from told_again
),
held as (
    -- What is found again and again without a gap is one finding, confirmed until the last time: everything
    -- below grows with changes of mind, and not with the number of looks.
    select service, component_id, detector, kind, finding, alternative, version, rule_version, is_beside, beside,
        min(observed_at) as observed_at, max(observed_at) as last_at, max(replaced_at) as replaced_at, max(aged_at) as aged_at,
        max(silence_days) as silence_days, first_value(url order by observed_at) as url,
        first_value(evidence_ref order by observed_at) as evidence_ref, first_value(sha order by observed_at) as sha
    from islands
    group by service, component_id, detector, island, kind, finding, alternative, version, rule_version, is_beside, beside
),
covers as (
    select service, component_id, detector, kind, finding, alternative, version, rule_version, is_beside, beside, url,
        evidence_ref, sha, observed_at, last_at, observed_at as begins_at, least(replaced_at, aged_at) as expires_at
    from held
    union all
    -- A scanner that saw it in a file and has fallen silent is an outage: another detector that sees
    -- nothing proves no leaving. What ran and runs no more has really stopped.
    select service, component_id, detector, kind, 'unreadable' as finding, cast(null as varchar) as alternative,
        cast(null as varchar) as version, rule_version, false as is_beside, cast(null as varchar) as beside, url,
        evidence_ref, sha, last_at as observed_at, last_at, aged_at as begins_at,
        least(replaced_at, plus_seconds(aged_at, 86400 * silence_days)) as expires_at
    from held
    where aged_at < replaced_at and finding in ('present', 'partial') and kind <> 'runtime'
),
known as (
    select service from service_owners
    union
    select service from findings
),
described as (
    -- of a service that nobody catalogued only the name is known, since ever
    select known.service, service_owners.owner, service_owners.system, service_owners.labels, service_owners.type,
        service_owners.created_at,
        coalesce(service_owners.valid_from, arrow_cast(to_timestamp_micros(0), 'Timestamp(Microsecond, Some("UTC"))')) as valid_from,
        -- what was taken back stays as it was described, so that its evidence still expires
        lead(service_owners.valid_from) over (partition by known.service order by service_owners.valid_from) as valid_to
    from known
    left join service_owners on service_owners.service = known.service
),
edges as (
    select service, component_id, begins_at as at from covers
    union
    select service, component_id, expires_at from covers
    union
    select service, component_id, opened_at from exemptions
    union
    select service, component_id, expires_at from exemptions
    union
    select described.service, fit_rules.component_id, fit_rules.valid_from from described cross join fit_rules
    union
    select described.service, fit_rules.component_id, fit_rules.valid_to
    from described
    cross join fit_rules
    where fit_rules.valid_to is not null
    union
    -- before the first finding nothing is known, and that too is a row
    select described.service, components.component_id, described.valid_from from described cross join components
),
segments as (
    select edges.service, edges.component_id, edges.at, described.owner, described.system, described.labels, described.type,
        described.created_at, components.released_at
    from edges
    join components on components.component_id = edges.component_id
    join described on described.service = edges.service
        and described.valid_from <= edges.at and (described.valid_to is null or edges.at < described.valid_to)
),
checked as (
    select segments.service, segments.component_id, segments.at, fit_rules.reason,
        case
            when coalesce(cardinality(fit_rules.types), 0) > 0 and segments.type is null then null
            when segments.labels is null and coalesce(cardinality(fit_rules.any_tags), 0) + coalesce(cardinality(fit_rules.all_tags), 0)
                + coalesce(cardinality(fit_rules.no_tags), 0) > 0 then null
            else (coalesce(cardinality(fit_rules.types), 0) = 0 or array_has(fit_rules.types, segments.type))
                and (coalesce(cardinality(fit_rules.any_tags), 0) = 0 or array_has_any(segments.labels, fit_rules.any_tags))
                and (coalesce(cardinality(fit_rules.all_tags), 0) = 0 or array_has_all(segments.labels, fit_rules.all_tags))
                and (coalesce(cardinality(fit_rules.no_tags), 0) = 0 or not array_has_any(segments.labels, fit_rules.no_tags))
        end as holds
    from segments
    join fit_rules on fit_rules.component_id = segments.component_id
        and fit_rules.valid_from <= segments.at and (fit_rules.valid_to is null or segments.at < fit_rules.valid_to)
),
fits as (
    select service, component_id, at, bool_or(not holds) as is_unfit, bool_or(holds is null) as is_undecided,
        array_agg(distinct reason order by reason) filter (where not holds) as fit_reason
    from checked
    group by service, component_id, at
),
fitted as (
    select segments.*, fits.fit_reason,
        case when fits.is_unfit then 'does_not_fit' when fits.is_undecided then 'unknown' else 'fits' end as fit
    from segments
    left join fits on fits.service = segments.service and fits.component_id = segments.component_id and fits.at = segments.at
),
weighed as (
    select fitted.*, covers.finding, covers.kind, covers.alternative, covers.version, covers.rule_version, covers.observed_at,
        covers.last_at, covers.is_beside, covers.beside,
        covers.evidence_ref, covers.sha, covers.url, covers.detector,
        covers.kind <> 'declared' as is_detected,
        case covers.finding when 'present' then 1 when 'partial' then 2 when 'alternative' then 3 when 'absent' then 4 else 5 end as weight,
        case covers.kind when 'runtime' then 1 when 'lockfile' then 2 when 'config' then 3 else 4 end as strength
    from fitted
    left join covers on covers.service = fitted.service and covers.component_id = fitted.component_id
        and covers.begins_at <= fitted.at and fitted.at < covers.expires_at
),
together as (
    select weighed.*,
        bool_or(is_detected and finding = 'present') over whole as is_seen,
        bool_or(is_detected and (finding = 'alternative' or is_beside)) over whole as is_replaced,
        bool_or(finding = 'unreadable') over whole as is_blind,
        bool_or(is_detected and finding <> 'unreadable') over whole as has_detected,
        bool_or(not is_detected and finding = 'present') over whole as is_claimed,
        bool_or(not is_detected and finding in ('absent', 'alternative')) over whole as is_denied,
        max(case when is_detected and is_beside then beside when is_detected and finding = 'alternative' then alternative end) over whole as seen_alternative
    from weighed
    window whole as (partition by service, component_id, at)
),
evident as (
    select together.*, exemptions.service is not null as is_exempt,
        row_number() over (
            partition by together.service, together.component_id, together.at
            order by case when together.finding = 'unreadable' then 3 when together.is_detected then 1 else 2 end,
                together.weight nulls last, together.strength, together.observed_at desc, together.detector
        ) as place
    from together
    left join exemptions on exemptions.service = together.service and exemptions.component_id = together.component_id
        and exemptions.opened_at <= together.at and together.at < exemptions.expires_at
),
judged as (
    select evident.service, evident.component_id, evident.at, evident.kind, evident.version, evident.rule_version,
        evident.observed_at, evident.last_at, evident.evidence_ref, evident.sha, evident.url, evident.created_at, evident.released_at,
        evident.owner, evident.system, evident.labels,
        coalesce(evident.alternative, evident.seen_alternative) as alternative,
        case
            when evident.finding = 'present' and not coalesce(evident.is_seen and evident.is_replaced, false) then 'adopted'
            when evident.fit = 'does_not_fit' then 'not_eligible'
            when evident.fit = 'unknown' then 'unknown'
            when evident.is_exempt then 'exempt'
            when evident.finding in ('present', 'partial') then 'partial'
            when coalesce(evident.is_blind, false) then 'unknown'
            when evident.finding in ('alternative', 'absent') then 'off_path'
            else 'unknown'
        end as status,
        -- who uses it shows that it fits, whatever the rule says
        case when evident.finding = 'present' and not coalesce(evident.is_seen and evident.is_replaced, false)
            then 'fits' else evident.fit end as fit,
        case when evident.finding = 'present' and not coalesce(evident.is_seen and evident.is_replaced, false)
            or evident.fit <> 'does_not_fit' then null else evident.fit_reason end as fit_reason,
        -- what was found says so by itself, whoever the component is for and who is exempt
        coalesce(evident.finding in ('present', 'partial')
            or evident.finding in ('alternative', 'absent') and not coalesce(evident.is_blind, false), false) as is_told,
        coalesce(evident.fit = 'does_not_fit' and evident.finding = 'present', false)
            or coalesce(evident.is_claimed and evident.has_detected and not evident.is_seen
                and evident.finding in ('absent', 'alternative'), false)
            or coalesce(evident.is_denied and evident.is_seen, false)
            or coalesce(evident.is_seen and evident.is_replaced, false) as has_conflict
    from evident
    where evident.place = 1
),
said as (
    select *,
        status || '/' || coalesce(alternative, '') || '/' || coalesce(version, '') || '/' || fit || '/'
            || cast(has_conflict as varchar) as word
    from judged
),
turns as (
    select *, lag(word) over (partition by service, component_id order by at) as word_before from said
),
numbered as (
    select *,
        sum(case when word_before is null or word <> word_before then 1 else 0 end)
            over (partition by service, component_id order by at) as spell
    from turns
),
confirmed as (
    select *, max(last_at) over (partition by service, component_id, spell) as confirmed_at,
        bool_or(is_told) over (partition by service, component_id, spell) as is_told_ever
    from numbered
),
spells as (
    select *, lead(at) over (partition by service, component_id order by at) as valid_to
    from confirmed
    where word_before is null or word <> word_before
),
counted as (
    select *, count(nullif(status, 'unknown')) over (partition by service, component_id order by at) as known_spells,
        count(case when is_told_ever then nullif(status, 'unknown') end) over (partition by service, component_id order by at) as told_spells
    from spells
),
carried as (
    -- an unknown time between two spells of adoption is no end of it; `ignore nulls` would say so too,
    -- and is lost when a plan travels to another process
    select *, max(nullif(status, 'unknown')) over (partition by service, component_id, known_spells) as last_known,
        max(case when is_told_ever then nullif(status, 'unknown') end) over (partition by service, component_id, told_spells) as last_told
    from counted
),
gone_on as (
    -- nor does a rule or an exemption end it while nobody can look
    select *, case when last_told = 'adopted' then 'adopted' else last_known end as known_now from carried
),
preceded as (
    select *,
        lag(known_now) over (partition by service, component_id order by at) as known_before,
        lag(fit) over (partition by service, component_id order by at) as fit_before,
        -- what a rule or an exemption says holds before anybody has looked
        min(case when status <> 'unknown' and observed_at is not null then at end) over (partition by service, component_id)
            as tracked_at
    from gone_on
),
grouped as (
    select *,
        sum(case when status = 'adopted' and coalesce(known_before, '') <> 'adopted' then 1 else 0 end)
            over (partition by service, component_id order by at) as adoption,
        sum(case when fit = 'fits' and coalesce(fit_before, '') <> 'fits' then 1 else 0 end)
            over (partition by service, component_id order by at) as fitting
    from preceded
),
summed as (
    select *,
        min(case when status = 'adopted' then at end) over (partition by service, component_id, adoption) as joined_at,
        sum(case when status = 'adopted' then seconds_between(at, valid_to) end)
            over (partition by service, component_id, adoption) as adopted_seconds,
        min(case when fit = 'fits' then at end) over (partition by service, component_id, fitting) as fits_since
    from grouped
),
departed as (
    select summed.*,
        -- off the path for the first time after an adoption that lasted, in one go or across versions; one day may lack an hour
        case when adopted_seconds >= settings_in_force.left_min_adopted_days * 86400 - 3600 and adoption > 0
            then min(case when status = 'off_path' then at end) over (partition by service, component_id, adoption) end as departed_at
    from summed
    cross join settings_in_force
),
remembered as (
    select departed.*,
        -- what came after it and did not last changes nothing
        case when status = 'off_path' then max(case when departed_at <= at then departed_at end)
            over (partition by service, component_id order by at rows between unbounded preceding and current row) end as gone_at
    from departed
),
told as (
    select remembered.*, remembered.gone_at is not null as is_left, mandates.component_id is not null as is_mandated,
        -- several mandates of one component may cover a service
        row_number() over (
            partition by remembered.service, remembered.component_id, remembered.at order by mandates.announced_at
        ) as choice
    from remembered
    left join mandates on mandates.component_id = remembered.component_id and remembered.status = 'adopted'
        and mandates.announced_at <= remembered.joined_at
        and (mandates.ends_at is null or remembered.joined_at < mandates.ends_at)
        and (coalesce(cardinality(mandates.services), 0) = 0 or array_has(mandates.services, remembered.service))
        and (coalesce(cardinality(mandates.teams), 0) = 0 or array_has(mandates.teams, remembered.owner))
        and (coalesce(cardinality(mandates.systems), 0) = 0 or array_has(mandates.systems, remembered.system))
        and (coalesce(cardinality(mandates.tags), 0) = 0 or array_has_any(remembered.labels, mandates.tags))
),
sold as (
    select category, alternative, max(vendor) as vendor from alternatives group by category, alternative
)
select told.service, told.component_id, told.status,
    -- what was last known; null before the first finding
    told.known_now as known_status,
    told.at as valid_from, told.valid_to, told.rule_version,
    told.fit, told.fit_reason,
    case when told.fit = 'fits'
        then nullif(greatest(told.fits_since, told.released_at, told.created_at),
            arrow_cast(to_timestamp_micros(0), 'Timestamp(Microsecond, Some("UTC"))'))
    end as eligible_since,
    told.kind as evidence_kind, told.observed_at as evidence_at, case when told.confirmed_at is not null then least(told.confirmed_at, told.valid_to) end as confirmed_at,
    told.evidence_ref, told.sha as evidence_sha, told.url as evidence_url, told.has_conflict,
    told.alternative, told.version,
    releases.released_at as version_released_at, releases.deprecated_at as version_deprecated_at,
    releases.end_of_life_at as version_end_of_life_at,
    case when told.status = 'adopted' then told.joined_at end as adopted_since,
    case
        when told.status <> 'adopted' then null
        when told.is_mandated then 'mandate'
        -- it came with the service: seven days are `default_adoption_window`
        when told.joined_at <= plus_seconds(told.created_at, 86400 * 7) then 'default'
        else 'voluntary'
    end as motive,
    coalesce(told.is_left, false) as is_left,
    case when told.is_left then told.gone_at end as left_at,
    coalesce(told.status = 'adopted' and told.joined_at = told.tracked_at
        and not coalesce(told.joined_at <= plus_seconds(told.created_at, 86400 * 7), false), false) as is_prevalent,
    local_day(told.at) as day,
    components.category, sold.vendor as alternative_vendor
from told
join components on components.component_id = told.component_id
left join sold on sold.category = components.category and sold.alternative = told.alternative
left join releases on releases.component_id = told.component_id and releases.version = told.version
where told.choice = 1
