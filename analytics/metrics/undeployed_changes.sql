-- Undeployed changes: merged, and not in production at the end of the period.
--
-- What the lead time cannot see yet: it knows only changes that arrived. Read at the end of the
-- period, or now for a period that is not over. A change waits for each service that is deployed from
-- its repository, and counts once in a scope. A service that was never deployed to production has no
-- way there, so nothing waits for it; one whose deployed commits are not known is left out, which the
-- coverage shows. Where there are pull requests only they count: a commit by itself may lie on a
-- branch that nobody has merged. Bots' changes wait like any other.
-- No interval: all of them were counted. Nothing waiting is a true zero.
-- Coverage: deployed services whose commits are known. It can be gamed by merging late.
with counted as (
    select scope_kind, scope, period_start, count(*) as changes
    from waiting_changes
    group by scope_kind, scope, period_start
)
select 'count' as statistic, deployed.scope_kind, deployed.scope, deployed.period_start, deployed.period_end,
    case when deployed.with_commits > 0 then cast(coalesce(counted.changes, 0) as double) end as value,
    cast(null as double) as low, cast(null as double) as high,
    coalesce(counted.changes, 0) as sample_size,
    cast(null as double) as numerator, cast(null as double) as denominator,
    cast(deployed.with_commits as double) / nullif(deployed.services, 0) as coverage, deployed.is_partial
from deployed_services as deployed
left join counted on counted.scope_kind = deployed.scope_kind and counted.scope = deployed.scope
    and counted.period_start = deployed.period_start
