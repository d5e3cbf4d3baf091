-- One row per attempt that takes part in its stream, and its place there.
--
-- A further target in the same environment receives what runs there already, as far as the stream knows.
select attempts.deployment_id, coalesce(attempts.rollout_of, attempts.deployment_id) as first_id, attempts.native_id,
    attempts.rollback_of, attempts.service, attempts.environment, attempts.track, attempts.version_key, attempts.config_key,
    attempts.declared_rollback, attempts.finished_at, attempts.mature_at,
    row_number() over (
        partition by attempts.service, attempts.environment, attempts.track order by attempts.finished_at, attempts.deployment_id
    ) as place
from attempts
left join attempts as first_target on first_target.deployment_id = attempts.rollout_of
where attempts.outcome = 'succeeded' and attempts.reached and attempts.service is not null and attempts.finished_at is not null
    and (first_target.environment is null or first_target.environment <> attempts.environment)
