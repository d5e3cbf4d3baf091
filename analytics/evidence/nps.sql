-- The published survey cells behind a net promoter score; answers of single people are never shown.
select survey, wave, question_id, component_id, segment_kind, segment, value, low, high, answers, suppression,
    place = 1 and suppression = 'none' as is_counted,
    case
        when place > 1 then 'a newer wave of the same period speaks for it'
        when suppression <> 'none' then 'withheld to protect people'
    end as reason,
    scope_kind, scope, period_start
from heard_waves
