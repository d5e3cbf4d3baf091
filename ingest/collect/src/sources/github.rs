//! GitHub: workflow runs, deployments and their statuses, pushes, pull requests and their reviews.
//!
//! Reads webhooks and polled items alike, so both give the same entity ids. Payloads are read into
//! our own all-optional structs, because one odd field must not lose a message. A push only tells
//! which commits exist and when they came; their parents come from git.

mod commits;
mod deployments;
mod pull_requests;
mod reviews;
mod runs;

use crate::signature::ProofScheme;
use crate::source::{Envelope, Normalised, Reading, Source};
use serde::Deserialize;
use std::collections::BTreeMap;
use waymark_event::{
    Channel, Delivery, EntityId, EpochUnit, Head, Instant, Observation, Read, Reason, Record, Rejection, Stage, VersionRank,
    canonical_repository, is_bot_account,
};

/// The dialect of GitHub and GitHub Enterprise Server.
pub(crate) struct Github;

const VERSION: i32 = 1;

impl Source for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn is_vendor(&self) -> bool {
        true
    }

    fn default_instance(&self) -> &'static str {
        "github.com"
    }

    fn dialect_version(&self) -> i32 {
        VERSION
    }

    fn proof(&self) -> ProofScheme {
        ProofScheme::HmacSha256 { header: "x-hub-signature-256", prefix: "sha256=" }
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-github-event", "x-github-delivery", "x-github-hook-id", "x-github-enterprise-host"]
    }

    fn envelope(&self, headers: &BTreeMap<String, String>) -> Envelope {
        Envelope {
            event_type: headers.get("x-github-event").cloned(),
            vendor_delivery_id: headers.get("x-github-delivery").cloned(),
        }
    }

    fn normalise(&self, delivery: &Delivery, reading: &Reading) -> Normalised {
        let body = match form_payload(delivery) {
            Ok(Some(payload)) => &Delivery { body: payload, ..delivery.clone() },
            Ok(None) => delivery,
            Err(rejection) => return Normalised::rejected(rejection),
        };
        match delivery.event_type.as_deref() {
            Some("workflow_run") => runs::read(body, reading),
            Some("deployment") => deployments::read_deployment(body, reading),
            Some("deployment_status") => deployments::read_status(body, reading),
            Some("push") => commits::read_push(body, reading),
            Some("pull_request") => pull_requests::read(body, reading),
            Some("pull_request_review") => reviews::read(body, reading),
            Some("pull_request_commits") => pull_requests::read_commits(body, reading),
            Some(_) => Normalised::ignored("an event that no metric reads"),
            None => Normalised::rejected(
                Rejection::new(Stage::Parse, Reason::MissingField, "the header `x-github-event` is missing")
                    .at("x-github-event"),
            ),
        }
    }
}

/// The default content type wraps the JSON in a form field named `payload`.
fn form_payload(delivery: &Delivery) -> Result<Option<Vec<u8>>, Rejection> {
    if !delivery.content_type.as_deref().is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Ok(None);
    }
    let payload = url::form_urlencoded::parse(&delivery.body).find(|(name, _)| name == "payload");
    match payload {
        Some((_, payload)) => Ok(Some(payload.into_owned().into_bytes())),
        None => Err(Rejection::missing("/payload")),
    }
}

#[derive(Debug, Default, Deserialize)]
struct Repository {
    id: Option<i64>,
    full_name: Option<String>,
    default_branch: Option<String>,
    /// Epoch seconds in a push, RFC 3339 elsewhere.
    pushed_at: Option<serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Account {
    login: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Account {
    fn is_bot(&self) -> Option<bool> {
        let by_kind = self.kind.as_deref().map(|kind| kind == "Bot" || kind == "App");
        let by_login = self.login.as_deref().map(is_bot_account);
        match (by_kind, by_login) {
            (None, None) => None,
            (kind, login) => Some(kind.unwrap_or(false) || login.unwrap_or(false)),
        }
    }

    fn pseudonym(&self, delivery: &Delivery, reading: &Reading) -> Option<String> {
        let login = self.login.as_deref()?;
        Some(reading.people.person(&format!("{}:{}:{login}", delivery.source, delivery.instance)))
    }
}

impl Repository {
    fn key(&self, delivery: &Delivery) -> Option<String> {
        canonical_repository(&format!("{}/{}", delivery.instance, self.full_name.as_deref()?))
    }

    fn pushed_at(&self) -> Option<Instant> {
        match self.pushed_at.as_ref()? {
            serde_json::Value::Number(count) => Instant::from_epoch(count.as_i64()?, EpochUnit::Seconds).ok(),
            serde_json::Value::String(text) => Instant::parse(text).ok(),
            _ => None,
        }
    }

    fn id_text(&self) -> Option<String> {
        self.id.map(|id| id.to_string())
    }
}

/// What a statement needs besides its record.
struct Stated {
    entity_id: EntityId,
    updated_at: Option<Instant>,
    state_rank: u8,
    occurred_at: Option<Instant>,
    url: Option<String>,
}

fn entity(delivery: &Delivery, kind: &str, native: &[&str]) -> EntityId {
    EntityId::of(&delivery.source, kind, &delivery.instance, native)
}

fn state(delivery: &Delivery, stated: Stated, record: impl Into<Record>) -> Observation {
    let read = if delivery.channel == Channel::Poll { Read::Polled } else { Read::Event };
    let head = Head {
        version_rank: VersionRank::of(stated.updated_at, delivery.received_at, stated.state_rank, read),
        entity_id: stated.entity_id,
        occurred_at: stated.occurred_at,
        source_updated_at: stated.updated_at,
        url: stated.url,
        ..Head::default()
    };
    Observation::read(delivery, VERSION, head, record)
}

/// A transition of `entity_id`; `native` is an id of the transition that webhook and poll share.
fn moment(
    delivery: &Delivery,
    entity_id: &EntityId,
    (word, native, occurred_at): (&str, &str, Instant),
    record: impl Into<Record>,
) -> Observation {
    let head = Head {
        entity_id: entity_id.moment(word, native),
        // A transition happens once, so no later statement about it is newer.
        version_rank: VersionRank::of(Some(occurred_at), delivery.received_at, 0, Read::Event),
        part_of: Some(entity_id.clone()),
        moment: Some(word.to_owned()),
        occurred_at: Some(occurred_at),
        ..Head::default()
    };
    Observation::read(delivery, VERSION, head, record)
}

/// More than a day after its receipt, a time can only be a wrong clock.
fn not_ahead(delivery: &Delivery, time: Option<Instant>, pointer: &str) -> Result<(), Rejection> {
    match time {
        Some(time) if time > delivery.received_at.plus_seconds(86_400) => {
            let message = format!("the time at `{pointer}` lies more than a day after its receipt");
            Err(Rejection::new(Stage::Validate, Reason::ClockAhead, message).at(pointer))
        }
        _ => Ok(()),
    }
}
