-- Changes by month, kind and who made them, with their mean size.
select cast(date_trunc('month', day) as date) as month, kind, actor_kind, count(*) as changes,
    avg(additions + deletions) as mean_lines, count(*) filter (where is_revert) as reverts
from changes
where day is not null
group by cast(date_trunc('month', day) as date), kind, actor_kind
order by month, kind, actor_kind
