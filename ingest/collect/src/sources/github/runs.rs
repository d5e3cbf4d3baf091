//! `workflow_run` becomes a CI run, by attempt.
//!
//! A run's `updated_at` moves on long after its end, when logs expire or somebody comments. Each time at which a
//! completed run is told is therefore a moment of its own, and facts believe the earliest. Jobs are not read yet,
//! and only they tell how long a run waited for a machine.

use super::{Account, Repository, Stated, entity, moment, not_ahead, state};
use crate::source::{Normalised, Reading};
use serde::Deserialize;
use waymark_event::{CiRun, Delivery, Instant, Observation, Outcome, Rejection, Status, Trigger};

/// The provider ends a run after so long: what was told later says nothing about its end.
const RUN_SECONDS_MAX: i64 = 35 * 86_400;

#[derive(Deserialize)]
struct Body {
    workflow_run: Option<Run>,
    #[serde(default)]
    repository: Repository,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are the vendor's")]
struct Run {
    id: Option<i64>,
    name: Option<String>,
    path: Option<String>,
    workflow_id: Option<i64>,
    run_number: Option<i64>,
    run_attempt: Option<i32>,
    event: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    head_branch: Option<String>,
    head_repository: Option<Repository>,
    head_sha: Option<String>,
    created_at: Option<Instant>,
    run_started_at: Option<Instant>,
    updated_at: Option<Instant>,
    html_url: Option<String>,
    actor: Option<Account>,
    #[serde(default)]
    pull_requests: Option<Vec<PullRequestRef>>,
    #[serde(default)]
    referenced_workflows: Option<Vec<ReferencedWorkflow>>,
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct PullRequestRef {
    number: Option<i64>,
}

#[derive(Deserialize)]
struct ReferencedWorkflow {
    path: Option<String>,
}

pub(super) fn read(delivery: &Delivery, reading: &Reading) -> Normalised {
    let body: Body = match delivery.json() {
        Ok(body) => body,
        Err(rejection) => return Normalised::rejected(rejection),
    };
    observations(delivery, reading, body).into()
}

fn observations(delivery: &Delivery, reading: &Reading, body: Body) -> Result<Vec<Observation>, Rejection> {
    let run = body.workflow_run.ok_or_else(|| Rejection::missing("/workflow_run"))?;
    let id = run.id.ok_or_else(|| Rejection::missing("/workflow_run/id"))?.to_string();
    let attempt = run.run_attempt.unwrap_or(1);
    let repository = if body.repository.full_name.is_some() { body.repository } else { run.repository.unwrap_or_default() };
    let (life, conclusion, event) = (said(run.status), said(run.conclusion), said(run.event));
    let status = status(life.as_deref(), conclusion.as_deref());
    let is_possible = |end: &Instant| run.run_started_at.is_none_or(|start| *end <= start.plus_seconds(RUN_SECONDS_MAX));
    let finished_at = run.updated_at.filter(|_| status == Status::Finished).filter(is_possible);
    not_ahead(delivery, run.updated_at, "/workflow_run/updated_at")?;
    // A branch of a fork may have the same name.
    let is_from_here =
        run.head_repository.as_ref().is_none_or(|head| head.full_name.is_none() || head.full_name == repository.full_name);
    let is_default_branch = match (&run.head_branch, &repository.default_branch) {
        (Some(branch), Some(default)) => Some(branch == default && is_from_here),
        _ => None,
    };
    let record = CiRun {
        run_id: id.clone(),
        attempt,
        repository: repository.key(delivery),
        repository_id: repository.id_text(),
        pipeline_id: run.workflow_id.map(|id| id.to_string()).or_else(|| run.path.clone()),
        pipeline_name: run.name,
        pipeline_path: run.path,
        number: run.run_number,
        trigger: trigger(event.as_deref()),
        trigger_raw: event,
        head_sha: run.head_sha,
        head_ref: run.head_branch,
        is_default_branch,
        pull_requests: run
            .pull_requests
            .unwrap_or_default()
            .iter()
            .filter_map(|reference| reference.number.map(|number| number.to_string()))
            .collect(),
        status,
        status_raw: life,
        result: result(status, conclusion.as_deref()),
        result_raw: conclusion,
        // Mostly the two are equal whatever the run waited, and then nobody knows how long that was.
        queued_at: run.created_at.filter(|at| attempt == 1 && Some(*at) != run.run_started_at),
        started_at: run.run_started_at,
        finished_at,
        person: run.actor.as_ref().and_then(|actor| actor.pseudonym(delivery, reading)),
        is_bot: run.actor.as_ref().and_then(Account::is_bot),
        uses: run.referenced_workflows.unwrap_or_default().into_iter().filter_map(|workflow| workflow.path).collect(),
        ..CiRun::default()
    };
    let stated = Stated {
        entity_id: entity(delivery, "run", &[&id, &attempt.to_string()]),
        updated_at: run.updated_at,
        state_rank: rank(status),
        occurred_at: finished_at.or(run.run_started_at),
        url: run.html_url,
    };
    let end = finished_at.map(|at| {
        let ended = CiRun { finished_at: Some(at), ..record.clone() };
        moment(delivery, &stated.entity_id, ("finished", &at.micros().to_string(), at), ended)
    });
    Ok(end.into_iter().chain([state(delivery, stated, record)]).collect())
}

/// One of its interfaces writes words in upper case, and an empty text where another leaves them out.
fn said(word: Option<String>) -> Option<String> {
    word.filter(|word| !word.is_empty())
}

fn status(word: Option<&str>, conclusion: Option<&str>) -> Status {
    match (word.map(str::to_lowercase).as_deref(), conclusion.map(str::to_lowercase).as_deref()) {
        (Some("queued" | "requested" | "pending"), _) => Status::Queued,
        // A run of a fork that somebody has to approve is told as completed, with this as its conclusion.
        (Some("waiting" | "action_required"), _) | (Some("completed"), Some("action_required")) => Status::Waiting,
        (Some("in_progress"), _) => Status::Running,
        (Some("completed"), _) => Status::Finished,
        _ => Status::Unknown,
    }
}

fn result(status: Status, conclusion: Option<&str>) -> Option<Outcome> {
    if status != Status::Finished {
        return None;
    }
    Some(match conclusion.map(str::to_lowercase).as_deref() {
        Some("success") => Outcome::Success,
        Some("failure") => Outcome::Failure,
        Some("startup_failure" | "stale") => Outcome::Error,
        Some("timed_out") => Outcome::Timeout,
        Some("cancelled") => Outcome::Cancellation,
        Some("skipped" | "neutral") => Outcome::Skip,
        _ => Outcome::Unknown,
    })
}

fn trigger(event: Option<&str>) -> Trigger {
    match event.map(str::to_lowercase).as_deref() {
        Some("pull_request" | "pull_request_target" | "merge_group") => Trigger::PullRequest,
        Some("push") => Trigger::Push,
        Some("schedule") => Trigger::Schedule,
        Some("workflow_dispatch") => Trigger::Manual,
        Some(_) => Trigger::Other,
        None => Trigger::Unknown,
    }
}

const fn rank(status: Status) -> u8 {
    match status {
        Status::Queued => 2,
        Status::Waiting => 3,
        Status::Running => 5,
        Status::Finished => 10,
        Status::Unknown => 0,
    }
}
