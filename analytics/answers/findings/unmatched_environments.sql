-- Environments that no rule matches, with the attempts in them and the lines that would add a rule.
--
-- The suggested tier is `other`, which counts nowhere: which tier it is, is never guessed.
with unmatched as (
    select deployments.*
    from deployments
    where tier = 'unknown' and environment is not null and (day is null or day >= (select min(day) from calendar))
        and (day is null or day <= (select max(day) from calendar))
)
select environment as subject, count(*) as items, max(finished_at) as newest_at,
    first_value(native_id order by finished_at desc nulls last, deployment_id) as example,
    first_value(url order by finished_at desc nulls last, deployment_id) as url,
    '[[environment]]' || chr(10)
        || 'pattern = "' || replace(replace(environment, '\', '\\'), '"', '\"') || '"' || chr(10)
        || '# production, staging, testing, development or other' || chr(10)
        || 'tier = "other"' as suggestion
from unmatched
group by environment
order by items desc, subject
