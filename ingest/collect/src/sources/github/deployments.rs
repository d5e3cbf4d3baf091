//! `deployment` and `deployment_status` become one deployment and its moments.
//!
//! Success is the first `success`. `inactive` only says that a later deployment took over, so it
//! gives a moment and never a state: otherwise an old success would get a new time.

use super::{Account, Repository, Stated, entity, moment, not_ahead, state};
use crate::source::{Normalised, Reading};
use serde::Deserialize;
use waymark_event::{Delivery, Deployment, DeploymentKind, EntityId, Instant, Observation, Outcome, Rejection, Status, Tier};

#[derive(Deserialize)]
struct Body {
    deployment: Option<Deployed>,
    deployment_status: Option<StatusChange>,
    #[serde(default)]
    repository: Repository,
}

#[derive(Deserialize)]
struct Deployed {
    id: Option<i64>,
    sha: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    task: Option<String>,
    environment: Option<String>,
    production_environment: Option<bool>,
    created_at: Option<Instant>,
    url: Option<String>,
    creator: Option<Account>,
}

#[derive(Deserialize)]
struct StatusChange {
    id: Option<i64>,
    state: Option<String>,
    /// Where it was put in the end, if that is not what the deployment had in mind.
    environment: Option<String>,
    created_at: Option<Instant>,
    log_url: Option<String>,
    target_url: Option<String>,
}

pub(super) fn read_deployment(delivery: &Delivery, reading: &Reading) -> Normalised {
    let body: Body = match delivery.json() {
        Ok(body) => body,
        Err(rejection) => return Normalised::rejected(rejection),
    };
    created(delivery, reading, body).map(|observation| vec![observation]).into()
}

pub(super) fn read_status(delivery: &Delivery, reading: &Reading) -> Normalised {
    let body: Body = match delivery.json() {
        Ok(body) => body,
        Err(rejection) => return Normalised::rejected(rejection),
    };
    changed(delivery, reading, body).into()
}

fn created(delivery: &Delivery, reading: &Reading, body: Body) -> Result<Observation, Rejection> {
    let deployed = body.deployment.ok_or_else(|| Rejection::missing("/deployment"))?;
    not_ahead(delivery, deployed.created_at, "/deployment/created_at")?;
    let (entity_id, record) = record(delivery, reading, &deployed, &body.repository)?;
    let stated = Stated {
        entity_id,
        // A status always comes later than the deployment that it is about.
        updated_at: deployed.created_at,
        state_rank: 2,
        occurred_at: deployed.created_at,
        url: deployed.url,
    };
    Ok(state(delivery, stated, Deployment { status: Status::Queued, ..record }))
}

fn changed(delivery: &Delivery, reading: &Reading, body: Body) -> Result<Vec<Observation>, Rejection> {
    let deployed = body.deployment.ok_or_else(|| Rejection::missing("/deployment"))?;
    let change = body.deployment_status.ok_or_else(|| Rejection::missing("/deployment_status"))?;
    let status_id = change.id.ok_or_else(|| Rejection::missing("/deployment_status/id"))?.to_string();
    let changed_at = change.created_at.ok_or_else(|| Rejection::missing("/deployment_status/created_at"))?;
    not_ahead(delivery, change.created_at, "/deployment_status/created_at")?;
    let word = change.state.as_deref().unwrap_or_default().to_lowercase();
    let (entity_id, record) = record(delivery, reading, &deployed, &body.repository)?;
    let (status, result, moment_word) = match word.as_str() {
        "queued" | "pending" => (Status::Queued, None, "queued"),
        "waiting" => (Status::Waiting, None, "waiting"),
        "in_progress" => (Status::Running, None, "started"),
        "success" => (Status::Finished, Some(Outcome::Success), "succeeded"),
        "failure" => (Status::Finished, Some(Outcome::Failure), "failed"),
        "error" => (Status::Finished, Some(Outcome::Error), "failed"),
        "inactive" => (Status::Unknown, None, "superseded"),
        _ => (Status::Unknown, Some(Outcome::Unknown), "unknown"),
    };
    let named = change.environment.filter(|name| !name.is_empty());
    let is_elsewhere = named.is_some() && named != record.environment;
    let record = Deployment {
        environment: named.or(record.environment),
        // A status brings no hint of its own, and the deployment's is about where it was meant to go.
        tier_hint: record.tier_hint.filter(|_| !is_elsewhere),
        status,
        status_raw: change.state.clone(),
        result,
        result_raw: change.state.clone().filter(|_| result.is_some()),
        reached: match word.as_str() {
            "success" => Some(true),
            "failure" | "error" => Some(false),
            _ => None,
        },
        finished_at: Some(changed_at).filter(|_| status == Status::Finished),
        ..record
    };
    let change_moment = moment(delivery, &entity_id, (moment_word, &status_id, changed_at), record.clone());
    if moment_word == "superseded" {
        return Ok(vec![change_moment]);
    }
    let stated = Stated {
        entity_id,
        updated_at: Some(changed_at),
        state_rank: match status {
            Status::Finished => 10,
            Status::Running => 5,
            Status::Waiting => 3,
            Status::Queued | Status::Unknown => 2,
        },
        occurred_at: Some(changed_at),
        url: change.log_url.or(change.target_url).filter(|url| !url.is_empty()).or(deployed.url),
    };
    Ok(vec![change_moment, state(delivery, stated, record)])
}

fn record(
    delivery: &Delivery,
    reading: &Reading,
    deployed: &Deployed,
    repository: &Repository,
) -> Result<(EntityId, Deployment), Rejection> {
    let id = deployed.id.ok_or_else(|| Rejection::missing("/deployment/id"))?.to_string();
    let key = repository.key(delivery);
    let revision = match (&key, &deployed.sha) {
        (Some(key), Some(sha)) => vec![format!("{key}@{sha}")],
        _ => Vec::new(),
    };
    let record = Deployment {
        deployment_id: id.clone(),
        attempt: 1,
        kind: DeploymentKind::Deploy,
        application: key.as_deref().and_then(|key| key.rsplit('/').next()).map(ToOwned::to_owned),
        environment: deployed.environment.clone(),
        tier_hint: deployed
            .production_environment
            .map(|is_production| if is_production { Tier::Production } else { Tier::Other }),
        revisions: revision,
        r#ref: deployed.reference.clone(),
        declared_rollback: Some(deployed.task.as_deref() == Some("deploy:rollback")),
        created_at: deployed.created_at,
        person: deployed.creator.as_ref().and_then(|creator| creator.pseudonym(delivery, reading)),
        is_bot: deployed.creator.as_ref().and_then(Account::is_bot),
        ..Deployment::default()
    };
    Ok((entity(delivery, "deployment", &[&id]), record))
}
