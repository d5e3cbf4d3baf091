-- The services behind a version lag: which version they use, and how far the newest is ahead of it.
with newest as (
    select standings.component_id, standings.scope_kind, standings.scope, standings.period_start, standings.service,
        standings.version, standings.version_released_at, standings.evidence_ref, standings.evidence_url,
        max(component_releases.released_at) as newest_released_at
    from standings
    left join component_releases on component_releases.component_id = standings.component_id
        and component_releases.released_at < standings.read_at
    where standings.edge = 'end' and standings.fit = 'fits' and standings.status = 'adopted'
    group by standings.component_id, standings.scope_kind, standings.scope, standings.period_start, standings.service,
        standings.version, standings.version_released_at, standings.evidence_ref, standings.evidence_url
)
select service, component_id, version, version_released_at, newest_released_at,
    case when version_released_at is not null then greatest(seconds_between(version_released_at, newest_released_at), 0.0) end
        as lag_seconds, evidence_ref, evidence_url as url,
    version_released_at is not null as is_counted,
    case
        when version is null then 'version not seen'
        when version_released_at is null then 'no release describes this version'
    end as reason,
    scope_kind, scope, period_start
from newest
