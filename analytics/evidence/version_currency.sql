-- The services behind a version currency: which version they use, and what became of it.
select service, component_id, version, version_released_at, version_deprecated_at, version_end_of_life_at,
    valid_from as since, evidence_kind, evidence_at, evidence_ref, evidence_url as url,
    version_released_at is not null as is_counted,
    case
        when version is null then 'version not seen'
        when version_released_at is null then 'no release describes this version'
    end as reason,
    scope_kind, scope, period_start
from standings
where edge = 'end' and fit = 'fits' and status = 'adopted'
