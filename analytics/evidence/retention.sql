-- The services behind a retention: how they stood when the period began and when it ended.
select before.service, before.component_id, before.status as status_before, before.is_left as had_left,
    after.status as status_after, coalesce(after.is_left, false) as has_left, after.left_at, after.alternative,
    after.evidence_ref, after.evidence_url as url,
    coalesce(after.fit, '') = 'fits' as is_counted,
    case
        when after.service is null then 'gone: asleep or archived by the end'
        when after.fit <> 'fits' then 'no longer eligible'
    end as reason,
    before.scope_kind, before.scope, before.period_start
from (select * from standings where edge = 'start' and fit = 'fits' and (status = 'adopted' or is_left)) as before
left join (select * from standings where edge = 'end' and scope_kind = 'component') as after
    on after.service = before.service and after.component_id = before.component_id and after.period_start = before.period_start
