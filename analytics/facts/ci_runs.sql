-- One row per pipeline run and attempt.
--
-- A run belongs to the service whose repository was built, as it was then. It is conclusive when it ended by
-- success, failure, error or time-out: a cancelled or skipped run says nothing about the code. Of a
-- run that did not succeed, `recovered_same_sha` tells whether another one of the same pipeline and
-- commit did. `previous_of_sha_at` and `previous_recovered_at` are the last ends before this one of such runs
-- that were conclusive, and that recovered: what is the first in a period is seen without comparing commits.
-- A duration that would be negative is not known. Where a source tells the end again and again, as it does
-- when it only knows that something about the run changed, the earliest counts.
with repeated as (
    -- most commits are built once by each pipeline, and nothing is before that; a run of no repository is by itself
    select service, repository, pipeline_id, head_sha
    from told_runs
    where repository is not null
    group by service, repository, pipeline_id, head_sha
    having count(*) > 1
),
-- a filter of a window would be lost when the plan is sent to another process
compared as (
    select told_runs.run_id,
        max(case when told_runs.is_conclusive then told_runs.finished_at end) over before as previous_of_sha_at,
        max(case when told_runs.recovered_same_sha then told_runs.finished_at end) over before as previous_recovered_at
    from told_runs
    join repeated on (repeated.service is not distinct from told_runs.service)
        and (repeated.repository is not distinct from told_runs.repository)
        and (repeated.pipeline_id is not distinct from told_runs.pipeline_id)
        and (repeated.head_sha is not distinct from told_runs.head_sha)
    window before as (
        partition by told_runs.service, told_runs.repository, told_runs.pipeline_id, told_runs.head_sha
        order by told_runs.finished_at, told_runs.run_id
        rows between unbounded preceding and 1 preceding
    )
)
select told_runs.*, compared.previous_of_sha_at, compared.previous_recovered_at
from told_runs
left join compared on compared.run_id = told_runs.run_id
