-- Who joined or left a component in a window: spells that began in it, with what was there before.
with spells as (
    select adoption_status.*,
        lag(status) over (partition by service, component_id order by valid_from) as status_before
    from adoption_status
),
bounds as (
    select min(period_start) as begins_at, max(period_end) as ends_at from calendar
)
select spells.component_id, spells.service, owners.scope as team,
    case
        when spells.status = 'adopted' then 'joined'
        when spells.is_left then 'left'
        when spells.status = 'exempt' then 'exempt'
    end as kind,
    spells.valid_from as since, spells.alternative, spells.evidence_ref, spells.evidence_url
from spells
cross join bounds
left join scopes as owners on owners.service = spells.service and owners.scope_kind = 'team'
    and owners.valid_from <= spells.valid_from and owners.valid_to > spells.valid_from
where spells.valid_from >= bounds.begins_at and spells.valid_from < bounds.ends_at
    and (
        (spells.status = 'adopted' and coalesce(spells.status_before, 'unknown') <> 'adopted' and not spells.is_prevalent)
        or (spells.is_left and coalesce(spells.status_before, 'unknown') = 'adopted')
        or (spells.status = 'exempt' and coalesce(spells.status_before, 'unknown') <> 'exempt')
    )
order by spells.component_id, kind, spells.valid_from, spells.service
