-- One row per change and service: the first production deployment that contains it, by ancestry.
--
-- A change ends its clock when that deployment was complete, else finished. Starting after the end
-- by no more than the tolerated clock skew counts as 0 and is flagged; by more it is excluded and
-- counted. The first deployment of a stream takes the whole past and is excluded as baseline. Of
-- cherry-picked copies the first that arrives delivers the change, and later ones add nothing. A
-- missing or disordered cut makes the two stages beside it null, never 0; the total stands. Where a
-- rollback took that deployment away, `effective_deployed_at` is the first one that stayed.
-- `excluded` says why it does not count: baseline, bot, remediation, cancelled_out (it came with what takes it back),
-- empty or skew; null where it counts. `flags` are any of skew, deployed_before_merge, start_pr_opened, cherry_pick,
-- no_review, opened_before_first_commit and attribution_unknown; null without any. `start_basis` is that of `changes`.
with cancelled as (
    -- the change and what takes it back came together: it never ran
    select reverting.service, reverting.deployment_id, reverting.origin_id as reverting_id, reverted.origin_id as reverted_id
    from arrivals as reverting
    join changes on changes.change_id = reverting.origin_id and changes.is_revert
    join changes as target on target.change_id = changes.reverts_change_id
    join arrivals as reverted on reverted.origin_id = target.origin_id and reverted.service = reverting.service
        and reverted.deployment_id = reverting.deployment_id
),
cancelled_out as (
    select service, reverting_id as change_id from cancelled
    union
    select service, reverted_id from cancelled
),
delivered as (
    select origin.change_id, arrivals.service, arrivals.deployment_id, arrivals.repository, arrivals.sha, member.kind,
        least(origin.committed_at, member.committed_at) as committed_at, origin.start_basis, origin.commit_times,
        member.opened_at, member.ready_at, member.first_review_at, member.approved_at, member.merged_at,
        deployments.started_at as deploy_started_at,
        coalesce(deployments.completed_at, deployments.finished_at) as deployed_at,
        deployments.exposed_at, deployments.last_target_finished_at as last_target_at, deployments.taken_away_at,
        coalesce(settled.completed_at, settled.finished_at) as settled_at, deployments.kind as deployment_kind,
        deployments.attribution_status as deployment_attribution_status, arrivals.attribution_status, origin.actor_kind, origin.is_remediation,
        coalesce(origin.is_empty, false) as is_empty, cancelled_out.change_id is not null as is_cancelled_out,
        arrivals.change_id <> origin.change_id as is_copy, member.url
    from arrivals
    join changes as member on member.change_id = arrivals.change_id
    join changes as origin on origin.change_id = arrivals.origin_id
    join deployments on deployments.deployment_id = arrivals.deployment_id
    left join settlement on settlement.service = arrivals.service and settlement.repository = arrivals.repository
        and settlement.sha = arrivals.sha and settlement.first_deployment_id = arrivals.deployment_id
    left join deployments as settled on settled.deployment_id = settlement.deployment_id
    left join cancelled_out on cancelled_out.change_id = arrivals.origin_id and cancelled_out.service = arrivals.service
),
timed as (
    select delivered.*, seconds_between(committed_at, deployed_at) as elapsed_seconds,
        coalesce(ready_at, opened_at) as offered_at, settings.skew_tolerance_seconds
    from delivered
    cross join settings
),
merged_in_order as (
    select *, case when merged_at >= committed_at and merged_at <= deployed_at then merged_at end as third_cut from timed
),
offered_in_order as (
    select *,
        case when offered_at >= committed_at and offered_at <= coalesce(third_cut, deployed_at) then offered_at end as first_cut,
        case when deploy_started_at >= coalesce(third_cut, committed_at) and deploy_started_at <= deployed_at
            then deploy_started_at end as fourth_cut
    from merged_in_order
),
cut as (
    select *,
        case when first_review_at >= coalesce(first_cut, committed_at) and first_review_at <= coalesce(third_cut, deployed_at)
            then first_review_at end as second_cut
    from offered_in_order
)
select change_id, service, deployment_id, repository, sha, kind, committed_at, start_basis, commit_times, opened_at, ready_at,
    first_review_at, approved_at, merged_at, deploy_started_at, deployed_at, exposed_at,
    last_target_at,
    case
        when elapsed_seconds >= 0 then elapsed_seconds
        when elapsed_seconds >= -skew_tolerance_seconds then 0.0
    end as lead_time_seconds,
    case
        when elapsed_seconds >= 0 then business_seconds(committed_at, deployed_at)
        when elapsed_seconds >= -skew_tolerance_seconds then 0.0
    end as business_seconds,
    seconds_between(committed_at, first_cut) as coding_seconds,
    seconds_between(first_cut, second_cut) as pickup_seconds,
    seconds_between(second_cut, third_cut) as review_seconds,
    seconds_between(third_cut, fourth_cut) as merge_to_deploy_seconds,
    seconds_between(fourth_cut, deployed_at) as deploy_seconds,
    case when kind = 'pull_request' and deployed_at >= merged_at then seconds_between(merged_at, deployed_at) end
        as merge_to_production_seconds,
    case when taken_away_at is null then deployed_at else settled_at end as effective_deployed_at,
    actor_kind,
    case
        when attribution_status = 'baseline' then 'baseline'
        when actor_kind = 'bot' then 'bot'
        -- taking back what never ran remedies nothing
        when is_remediation and not is_cancelled_out then 'remediation'
        when is_cancelled_out then 'cancelled_out'
        when is_empty then 'empty'
        when elapsed_seconds < -skew_tolerance_seconds then 'skew'
    end as excluded,
    string_to_array(nullif(concat_ws(',',
        case when elapsed_seconds < 0 then 'skew' end,
        case when kind = 'pull_request' and merged_at > deployed_at then 'deployed_before_merge' end,
        case when start_basis = 'pr_opened' then 'start_pr_opened' end,
        case when is_copy then 'cherry_pick' end,
        case when kind = 'pull_request' and first_review_at is null then 'no_review' end,
        case when offered_at < committed_at then 'opened_before_first_commit' end,
        case when attribution_status = 'unknown' then 'attribution_unknown' end
    ), ''), ',') as flags,
    attribution_status, deployment_kind, deployment_attribution_status,
    local_day(deployed_at) as day,
    url
from cut
