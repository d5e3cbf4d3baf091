-- The changes behind an inner-source share: whether each came from outside, and who owns what it changed.
select contributions.change_id, contributions.service, contributions.owner, contributions.is_outside,
    contributions.kind, contributions.merged_at, contributions.url,
    contributions.is_outside is not null as is_counted,
    case contributions.unknown
        when 'author' then 'nobody says to which team its author belongs'
        when 'owner' then 'nobody owns the service'
        when 'members' then 'nobody says who belongs to the team that owns the service'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from contributions
join calendar on calendar.day = contributions.day
join scopes on scopes.service = contributions.service
    and contributions.merged_at >= scopes.valid_from and contributions.merged_at < scopes.valid_to
