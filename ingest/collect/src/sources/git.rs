//! `waymark-git/1`: what the git arrival read from a repository becomes commits and, for matching
//! tags, deployments; `waymark-evidence/1` beside it becomes evidence.
//!
//! The arrival reads; this file only understands. Ancestry is worked out by `analytics`.

mod evidence;

use crate::message::agent;
use crate::source::{Envelope, Normalised, Reading, Source};
use serde::Deserialize;
use std::collections::BTreeMap;
use waymark_event::{
    Commit, Delivery, Deployment, DeploymentKind, EntityId, Head, Instant, Observation, Outcome, Read, Reason, Rejection,
    Stage, Status, Tier, VersionRank, is_bot_account,
};

/// The dialect of our own git format.
pub(crate) struct Git;

const VERSION: i32 = 1;
const FORMAT: &str = "waymark-git/1";

#[derive(Deserialize)]
struct RefLine {
    format: String,
    repository: String,
    service: Option<String>,
    #[serde(rename = "ref")]
    reference: String,
    new: String,
    observed_at: Instant,
    tag: Option<Tag>,
    deploys: Option<Deploys>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    kind: String,
    tagged_at: Instant,
}

#[derive(Deserialize)]
struct Deploys {
    environment: String,
}

#[derive(Deserialize)]
struct CommitLine {
    sha: String,
    parents: Vec<String>,
    author: Option<Signature>,
    authored_at: String,
    committer: Option<Signature>,
    committed_at: Instant,
    #[serde(default)]
    co_authors: Vec<String>,
    revert_of: Option<String>,
    picked_from: Option<String>,
    pull_request_hint: Option<i64>,
    /// Null where the clone did not tell.
    paths: Option<Vec<String>>,
    #[serde(default)]
    paths_truncated: bool,
    patch_id: Option<String>,
}

#[derive(Deserialize)]
struct Signature {
    name: Option<String>,
    email: Option<String>,
}

impl Source for Git {
    fn name(&self) -> &'static str {
        "git"
    }

    fn is_vendor(&self) -> bool {
        false
    }

    fn default_instance(&self) -> &'static str {
        "local"
    }

    fn dialect_version(&self) -> i32 {
        VERSION
    }

    fn envelope(&self, _: &BTreeMap<String, String>) -> Envelope {
        Envelope { event_type: Some("ref".to_owned()), vendor_delivery_id: None }
    }

    fn normalise(&self, delivery: &Delivery, reading: &Reading) -> Normalised {
        let text = match delivery.text() {
            Ok(text) => text,
            Err(rejection) => return Normalised::rejected(rejection),
        };
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let opening = lines.next();
        if let Some(line) = opening
            && line.contains(evidence::FORMAT)
        {
            return evidence::normalise(delivery, VERSION, line, lines);
        }
        let first: Result<RefLine, Rejection> = match opening {
            Some(line) => serde_json::from_str(line).map_err(|error| Rejection::from_json(&error)),
            None => Err(Rejection::new(Stage::Parse, Reason::Tombstone, "the body is empty")),
        };
        let change = match first {
            Ok(change) if change.format == FORMAT => change,
            Ok(_) => {
                let message = format!("the format is not {FORMAT}");
                return Normalised::rejected(Rejection::new(Stage::Parse, Reason::UnsupportedVersion, message).at("/format"));
            }
            Err(rejection) => return Normalised::rejected(rejection),
        };
        let mut normalised = Normalised::default();
        for (item, line) in lines.enumerate() {
            match commit(delivery, reading, &change, line) {
                Ok(observation) => normalised.observations.push(observation),
                Err(rejection) => normalised.rejections.push(rejection.at_item(item)),
            }
        }
        normalised.observations.extend(deployment(delivery, &change));
        if normalised == Normalised::default() {
            return Normalised::ignored("a ref without new commits that deploys nothing");
        }
        normalised
    }
}

fn commit(delivery: &Delivery, reading: &Reading, change: &RefLine, line: &str) -> Result<Observation, Rejection> {
    let read: CommitLine = serde_json::from_str(line).map_err(|error| Rejection::from_json(&error))?;
    let authored = chrono::DateTime::parse_from_rfc3339(&read.authored_at)
        .map_err(|_| Rejection::new(Stage::Map, Reason::BadTime, "an author time is not readable").at("/authored_at"))?;
    let email = |signature: &Option<Signature>| signature.as_ref().and_then(|signature| signature.email.clone());
    let author = email(&read.author);
    let is_bot = read.author.as_ref().is_some_and(|author| {
        [author.name.as_deref(), author.email.as_deref().and_then(|email| email.split('@').next())]
            .into_iter()
            .flatten()
            .any(is_bot_account)
    });
    // A merge without paths of its own still brings its branches.
    let is_empty = read.paths.as_ref().filter(|_| read.parents.len() <= 1).map(Vec::is_empty);
    let record = Commit {
        repository: change.repository.clone(),
        sha: read.sha.clone(),
        paths_truncated: read.paths.as_ref().map(|_| read.paths_truncated),
        paths: read.paths.unwrap_or_default(),
        is_empty,
        parents: Some(read.parents),
        authored_at: Some(Instant::from_micros(authored.timestamp_micros())),
        author_offset_minutes: Some(authored.offset().local_minus_utc() / 60),
        committed_at: Some(read.committed_at),
        author: author.map(|email| reading.people.person(&email)),
        committer: email(&read.committer).map(|email| reading.people.person(&email)),
        is_bot: Some(is_bot),
        agent: read.co_authors.iter().find_map(|trailer| agent(trailer)),
        revert_of: read.revert_of,
        picked_from: read.picked_from,
        pull_request_hint: read.pull_request_hint,
        patch_id: read.patch_id,
        service_hint: change.service.clone(),
        ..Commit::default()
    };
    let head = Head {
        entity_id: EntityId::of("git", "commit", &delivery.instance, &[&change.repository, &read.sha]),
        version_rank: VersionRank::of(Some(read.committed_at), delivery.received_at, 0, Read::Polled),
        occurred_at: Some(read.committed_at),
        source_updated_at: Some(read.committed_at),
        ..Head::default()
    };
    Ok(Observation::read(delivery, VERSION, head, record))
}

/// A matching tag is a successful deployment; a moved tag is a new version of it.
fn deployment(delivery: &Delivery, change: &RefLine) -> Option<Observation> {
    let (tag, deploys) = (change.tag.as_ref()?, change.deploys.as_ref()?);
    let deployment_id = format!("{}@{}", change.repository, tag.name);
    let is_production = deploys.environment.eq_ignore_ascii_case("production");
    let record = Deployment {
        deployment_id,
        attempt: 1,
        kind: DeploymentKind::Release,
        application: change.service.clone(),
        service_hint: change.service.clone(),
        environment: Some(deploys.environment.clone()),
        tier_hint: Some(if is_production { Tier::Production } else { Tier::Other }),
        revisions: vec![format!("{}@{}", change.repository, change.new)],
        r#ref: Some(change.reference.clone()),
        version: Some(tag.name.clone()),
        status: Status::Finished,
        result: Some(Outcome::Success),
        reached: Some(true),
        finished_at: Some(tag.tagged_at),
        ..Deployment::default()
    };
    let head = Head {
        entity_id: EntityId::of("git", "deployment", &delivery.instance, &[&change.repository, &tag.name]),
        version_rank: VersionRank::of(Some(change.observed_at), delivery.received_at, 10, Read::Polled),
        occurred_at: Some(tag.tagged_at),
        source_updated_at: Some(change.observed_at),
        // A light tag has no time of its own, so its deployment's time is that of the commit.
        attributes: BTreeMap::from([("tag_kind".to_owned(), tag.kind.clone())]),
        ..Head::default()
    };
    Some(Observation::read(delivery, VERSION, head, record))
}
