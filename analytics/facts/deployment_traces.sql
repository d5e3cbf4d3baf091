-- One row per production deployment that changed the running version: who told of it, and which
-- components it went through or around.
--
-- A component says by which runs, sources or machines a deployment that goes through it can be known
-- (`passages`). One mark is enough to have gone through; around it went only what is known not to
-- bear any. What a run used is told by few providers in full, so a run that names nothing is unknown.
with made as (
    select deployments.deployment_id, deployments.service, deployments.repository, deployments.sha, deployments.finished_at,
        deployments.day, deployments.url, told.source, told.instance, told.is_bot, told.run
    from deployments
    join observed.deployments as told on told.entity_id = deployments.deployment_id
    where deployments.tier = 'production' and deployments.changed_running_version
        and told.part_of is null and not told.is_deleted
),
carriers as (
    -- the run that deployed
    select made.deployment_id, ci_runs.uses
    from made
    join ci_runs on ci_runs.run_id = made.run
    union all
    -- the runs that built what was deployed
    select made.deployment_id, ci_runs.uses
    from made
    join ci_runs on ci_runs.repository = made.repository and ci_runs.head_sha = made.sha
),
named as (
    select deployment_id, lower(unnest(uses)) as name from carriers where cardinality(uses) > 0
),
marks as (
    select deployment_id, 'run' as kind, name from named
    union all
    select deployment_id, 'source', lower(source) from made
    union all
    select deployment_id, 'source', lower(source || ':' || instance) from made
    union all
    select deployment_id, 'machine', cast(is_bot as varchar) from made where is_bot is not null
),
held as (
    select marks.deployment_id, passages.component_id, passages.kind,
        bool_or(marks.name like passages.pattern or marks.name like passages.pattern || '@%') as is_marked
    from marks
    join passages on passages.kind = marks.kind
    group by marks.deployment_id, passages.component_id, passages.kind
),
kinds as (
    select component_id, count(distinct kind) as kinds from passages group by component_id
),
judged as (
    select held.deployment_id, held.component_id, bool_or(held.is_marked) as is_through,
        count(*) = max(kinds.kinds) as is_known
    from held
    join kinds on kinds.component_id = held.component_id
    group by held.deployment_id, held.component_id
),
gathered as (
    select deployment_id,
        array_agg(component_id order by component_id) filter (where is_through) as went_through,
        array_agg(component_id order by component_id) filter (where is_known and not is_through) as went_around
    from judged
    group by deployment_id
)
select made.deployment_id, made.service, made.repository, made.source, made.instance, gathered.went_through,
    gathered.went_around, made.finished_at, made.day, made.url
from made
left join gathered on gathered.deployment_id = made.deployment_id
