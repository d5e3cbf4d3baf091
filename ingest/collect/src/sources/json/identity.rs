//! What tells two events of our own format apart, what orders two versions, and what is impossible.

use crate::source::Reading;
use serde_json::{Map, Value};
use waymark_event::{
    Delivery, Deployment, EntityId, Incident, IncidentStatus, Instant, OwnerKind, PullRequestState, Reason, Record, Rejection,
    Stage, Status, StatusCategory, canonical_repository,
};

/// The identity of an event and the order of its versions.
pub(super) struct Key {
    pub(super) entity_id: EntityId,
    pub(super) updated_at: Option<Instant>,
    pub(super) state_rank: u8,
}

/// Columns by which things are told apart or found again.
const KEYS: &[&str] = &[
    "run_id",
    "job_id",
    "deployment_id",
    "incident_id",
    "ticket_id",
    "attempt_id",
    "slo_id",
    "digest",
    "name",
    "service_hint",
    "component_id",
    "detector",
    "scan_id",
    "survey",
    "wave",
    "question_id",
    "respondent",
    "pull_request",
];

/// Columns that name commits, one or several.
const COMMITS: &[&str] = &[
    "sha",
    "head_sha",
    "merge_sha",
    "squash_sha",
    "source_sha",
    "commit_sha",
    "commit_shas",
    "config_revision",
    "parents",
    "revert_of",
    "picked_from",
];

/// Blanks around a key are no part of it, and a commit is the same in letters of either case.
pub(super) fn unify_keys(data: &mut Map<String, Value>) {
    for (name, value) in data.iter_mut() {
        let is_commit = COMMITS.contains(&name.as_str());
        let unify = |value: &mut Value| {
            if let Value::String(text) = value {
                let trimmed = text.trim();
                *text = if is_commit { trimmed.to_lowercase() } else { trimmed.to_owned() };
            }
        };
        match value {
            Value::Array(values) if is_commit => values.iter_mut().for_each(unify),
            value if is_commit || KEYS.contains(&name.as_str()) => unify(value),
            _ => {}
        }
    }
}

/// Raw people become pseudonyms before anything else sees the record.
pub(super) fn pseudonymise(record: &mut Record, reading: &Reading) {
    let hide = |person: &mut Option<String>| {
        if let Some(name) = person.as_deref() {
            *person = Some(reading.people.person(name));
        }
    };
    match record {
        Record::CiRun(run) => hide(&mut run.person),
        Record::Deployment(deployment) => hide(&mut deployment.person),
        Record::Commit(commit) => {
            hide(&mut commit.author);
            hide(&mut commit.committer);
        }
        Record::PullRequest(pull_request) => hide(&mut pull_request.author),
        Record::Review(review) => hide(&mut review.reviewer),
        Record::Ticket(ticket) => hide(&mut ticket.requester),
        Record::Journey(journey) => hide(&mut journey.person),
        Record::SurveyResponse(response) => {
            response.respondent = reading.people.respondent(&response.survey, &response.wave, &response.respondent);
        }
        Record::Service(service) if service.owner_kind == Some(OwnerKind::Person) => hide(&mut service.owner_raw),
        Record::CiJob(_)
        | Record::Incident(_)
        | Record::Service(_)
        | Record::Evidence(_)
        | Record::SloSample(_)
        | Record::Artifact(_) => {}
    }
}

/// Every spelling of a repository's address becomes the one by which facts join; what is no address is refused.
pub(super) fn unify_addresses(record: &mut Record) -> Result<(), Rejection> {
    match record {
        Record::CiRun(run) => canonical("repository", run.repository.as_mut()),
        Record::Service(service) => canonical("repository", service.repository.as_mut()),
        Record::Evidence(evidence) => canonical("repository", evidence.repository.as_mut()),
        Record::Artifact(artifact) => canonical("source_repository", artifact.source_repository.as_mut()),
        Record::Commit(commit) => canonical("repository", Some(&mut commit.repository)),
        Record::PullRequest(pull_request) => canonical("repository", Some(&mut pull_request.repository)),
        Record::Review(review) => {
            canonical("repository", review.repository.as_mut())?;
            review.repository = review.repository.take().or_else(|| repository_of(&review.pull_request));
            Ok(())
        }
        Record::Deployment(deployment) => {
            deployment.revisions.iter_mut().for_each(unify_revision);
            Ok(())
        }
        Record::Incident(incident) => {
            incident.change_links.iter_mut().for_each(unify_revision);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// `repository@sha` with the repository as others spell it; what is none stays.
fn unify_revision(revision: &mut String) {
    // An address may hold an `@` of its own; a sha does not.
    if let Some((address, sha)) = revision.rsplit_once('@')
        && let Some(key) = canonical_repository(address)
    {
        *revision = format!("{key}@{}", sha.to_lowercase());
    }
}

/// The repository that an id of a pull request names, where it does.
fn repository_of(pull_request: &str) -> Option<String> {
    let parts: Vec<&str> = pull_request.split(':').collect();
    match parts.as_slice() {
        [_, "pull_request", _, repository, _] => canonical_repository(repository),
        _ => None,
    }
}

fn canonical(column: &str, repository: Option<&mut String>) -> Result<(), Rejection> {
    let Some(address) = repository else { return Ok(()) };
    *address = canonical_repository(address).ok_or_else(|| {
        let message = format!("the field `{column}` names no repository: write it as `host/owner/name`");
        Rejection::new(Stage::Map, Reason::UnknownShape, message).at(format!("/data/{column}"))
    })?;
    Ok(())
}

/// What no reading of the words can make sense of.
pub(super) fn validate(record: &Record) -> Result<(), Rejection> {
    let out_of_range = |pointer: &str, message: &str| {
        Err(Rejection::new(Stage::Validate, Reason::OutOfRange, message).at(format!("/data/{pointer}")))
    };
    match record {
        Record::SurveyResponse(response) => {
            let (low, high) = match response.question_id.as_str() {
                id if id.starts_with("nps") => (Some(0), Some(10)),
                id if id.starts_with("csat") => (Some(1), Some(5)),
                _ => (response.scale_min, response.scale_max),
            };
            let Some(value) = response.value else { return Ok(()) };
            if low.is_some_and(|low| value < f64::from(low)) || high.is_some_and(|high| value > f64::from(high)) {
                return out_of_range("value", "the answer lies outside its scale");
            }
            Ok(())
        }
        Record::SloSample(sample) if !(0.0..=1.0).contains(&sample.objective) => {
            out_of_range("objective", "an objective is a share between 0 and 1")
        }
        Record::CiRun(run) if is_backwards(run.started_at, run.finished_at) => {
            out_of_range("finished_at", "the run ends before it begins")
        }
        _ => Ok(()),
    }
}

fn is_backwards(start: Option<Instant>, end: Option<Instant>) -> bool {
    matches!((start, end), (Some(start), Some(end)) if end < start)
}

/// Whether an incident has no end any more, although it had one.
pub(super) fn is_open_again(incident: &Incident) -> bool {
    incident.resolved_at.is_none() && incident.reopen_count.is_some_and(|count| count > 0)
}

/// The identity of an event: key columns supplied by the sender.
pub(super) fn key(delivery: &Delivery, record: &Record, occurred_at: Option<Instant>) -> Result<Key, Rejection> {
    let of = |kind: &str, native: &[&str]| EntityId::of(&delivery.source, kind, &delivery.instance, native);
    let newest = |times: &[Option<Instant>]| times.iter().flatten().max().copied();
    let (entity_id, updated_at, state_rank) = match record {
        Record::CiRun(run) => (
            of("run", &[&run.run_id, &run.attempt.to_string()]),
            newest(&[run.queued_at, run.started_at, run.finished_at]),
            life(run.status),
        ),
        Record::CiJob(job) => (
            of("job", &[&job.job_id, &job.attempt.to_string()]),
            newest(&[job.queued_at, job.started_at, job.finished_at]),
            life(job.status),
        ),
        Record::Deployment(deployment) => (
            of("deployment", &[&deployment.deployment_id, &deployment.attempt.to_string()]),
            newest(&times_of(deployment)),
            life(deployment.status),
        ),
        Record::Commit(commit) => (of("commit", &[&commit.repository, &commit.sha]), commit.committed_at, 0),
        Record::PullRequest(pull) => (
            of("pull_request", &[&pull.repository, &pull.number.to_string()]),
            newest(&[pull.opened_at, pull.ready_at, pull.merged_at, pull.closed_at]),
            request(pull.state),
        ),
        Record::Review(review) => {
            let reviewer = review.reviewer.as_deref().unwrap_or_default();
            let at = review.submitted_at.map(|at| at.micros().to_string()).unwrap_or_default();
            (of("review", &[&review.pull_request, reviewer, &at]), review.submitted_at, 0)
        }
        Record::Incident(incident) => {
            // What opens an incident again has no column of its own, and is newer than its end.
            let reopened_at = occurred_at.filter(|_| is_open_again(incident));
            let told = [incident.opened_at, incident.acknowledged_at, incident.mitigated_at, incident.resolved_at];
            let updated_at = newest(&told).max(reopened_at);
            (of("incident", &[&incident.incident_id]), updated_at, episode(incident.status))
        }
        Record::Ticket(ticket) => (
            of("ticket", &[&ticket.ticket_id]),
            newest(&[ticket.opened_at, ticket.first_response_at, ticket.closed_at]),
            if ticket.status_category == StatusCategory::Done { 10 } else { 2 },
        ),
        Record::SurveyResponse(answer) => {
            let component = answer.component_id.as_deref().unwrap_or_default();
            let native = [answer.survey.as_str(), &answer.wave, &answer.respondent, &answer.question_id, component];
            let day = answer.submitted_on.and_time(chrono::NaiveTime::MIN).and_utc();
            (of("survey_response", &native), Some(Instant::from(day)), 0)
        }
        Record::Service(service) => {
            let kind = serde_json::to_value(service.kind).ok().and_then(|kind| kind.as_str().map(ToOwned::to_owned));
            (of("service", &[&kind.unwrap_or_default(), &service.name]), None, 0)
        }
        Record::Evidence(evidence) => {
            let place = match (&evidence.service_hint, &evidence.repository) {
                (Some(service), _) => service.clone(),
                (None, Some(repository)) => format!("{repository}/{}", evidence.path.as_deref().unwrap_or_default()),
                (None, None) => return Err(Rejection::missing("/data/service_hint")),
            };
            let native = [evidence.component_id.as_str(), &place, &evidence.detector, &evidence.scan_id];
            (of("evidence", &native), Some(evidence.observed_at), 0)
        }
        Record::Journey(journey) => {
            (of("journey", &[&journey.attempt_id]), newest(&[Some(journey.started_at), journey.ended_at]), 0)
        }
        Record::SloSample(sample) => (of("slo_sample", &[&sample.slo_id, &sample.day.to_string()]), None, 0),
        Record::Artifact(artifact) => (of("artifact", &[&artifact.digest]), artifact.built_at, 0),
    };
    Ok(Key { entity_id, updated_at, state_rank })
}

/// The times that tell the life of a deployment.
const fn times_of(told: &Deployment) -> [Option<Instant>; 5] {
    [told.created_at, told.started_at, told.exposed_at, told.finished_at, told.completed_at]
}

const fn life(status: Status) -> u8 {
    match status {
        Status::Queued => 2,
        Status::Waiting => 3,
        Status::Running => 5,
        Status::Finished => 10,
        Status::Unknown => 0,
    }
}

const fn episode(status: IncidentStatus) -> u8 {
    match status {
        IncidentStatus::Open | IncidentStatus::Unknown => 2,
        IncidentStatus::Acknowledged => 4,
        IncidentStatus::Mitigated => 6,
        IncidentStatus::Resolved => 8,
    }
}

const fn request(state: PullRequestState) -> u8 {
    match state {
        PullRequestState::Merged => 10,
        PullRequestState::Closed => 8,
        _ => 2,
    }
}
