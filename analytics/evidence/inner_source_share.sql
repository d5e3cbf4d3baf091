-- The changes behind an inner-source share: from which teams each came, and who owns what it changed.
select contributions.change_id, contributions.service, contributions.owner, contributions.author_teams, contributions.is_outside,
    contributions.kind, contributions.merged_at, contributions.url,
    contributions.is_outside is not null as is_counted,
    case
        when contributions.author_teams is null then 'nobody says to which team its author belongs'
        when contributions.is_outside is null then 'nobody owns the service'
    end as reason,
    scopes.scope_kind, scopes.scope, calendar.period_start
from contributions
join calendar on calendar.day = contributions.day
join scopes on scopes.service = contributions.service
    and contributions.merged_at >= scopes.valid_from and contributions.merged_at < scopes.valid_to
