-- The pull requests behind a lead time that begins with them, and those left out with the reason.
select change_id, service, kind, sha, opened_at, merged_at, deployed_at, deployment_id, from_opened_seconds, flags, url,
    coalesce(left_out is null and kind = 'pull_request' and from_opened_seconds is not null, false) as is_counted,
    coalesce(left_out, case when kind <> 'pull_request' then 'no pull request was opened'
        when from_opened_seconds is null then 'not known when it was opened, or deployed before that' end) as reason,
    scope_kind, scope, period_start
from placed_changes
