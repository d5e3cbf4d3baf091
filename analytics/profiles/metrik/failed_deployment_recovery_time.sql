-- Metrik's mean time to restore: from the first failed attempt of the production stage to the next
-- successful one; the mean.
--
-- It times the pipeline, whether or not users saw anything of it; ours times what impaired users. A
-- mean, which one long span moves. A span counts in the period of its success, even if the failure
-- lies before it; ours in the period of the failure. A span that has not ended is left out, which
-- makes the number better; ours keeps it as open. It grades by an hour, a day and a week.
-- Ranges are closed instants, not days: the period's own bounds decide here.
-- The facts cannot tell which stage of a pipeline was chosen as its target: production is taken.
with numbered as (
    select service, environment, outcome, finished_at, day,
        -- what happened since the same success belongs to one span
        coalesce(sum(case when outcome = 'succeeded' then 1 else 0 end) over (
            partition by service, environment order by finished_at, deployment_id
            rows between unbounded preceding and 1 preceding
        ), 0) as successes
    from deployments
    where tier = 'production' and outcome in ('failed', 'succeeded') and service is not null and finished_at is not null
),
spans as (
    select service, environment, successes,
        min(finished_at) filter (where outcome = 'failed') as failed_at,
        min(finished_at) filter (where outcome = 'succeeded') as restored_at,
        min(day) filter (where outcome = 'succeeded') as restored_day
    from numbered
    group by service, environment, successes
)
select 'mean' as statistic, scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end,
    avg(seconds_between(spans.failed_at, spans.restored_at)) as value,
    cast(null as double) as low, cast(null as double) as high,
    count(*) as sample_size, cast(null as double) as numerator, cast(null as double) as denominator,
    cast(null as double) as coverage, calendar.is_partial
from spans
join calendar on calendar.day = spans.restored_day
    and spans.restored_at >= calendar.period_start and spans.restored_at < calendar.period_end
join scopes on scopes.service = spans.service
    and spans.restored_at >= scopes.valid_from and spans.restored_at < scopes.valid_to
where spans.failed_at is not null
group by scopes.scope_kind, scopes.scope, calendar.period_start, calendar.period_end, calendar.is_partial
