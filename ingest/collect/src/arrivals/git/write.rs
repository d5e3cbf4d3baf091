//! Lines to deliveries: a first line that names the ref, then its new commits.
//!
//! A delivery holds at most 5,000 commits; further ones follow under the same first line.

use super::commit::CommitLine;
use super::reference::Selected;
use super::{GitError, GitRequest, SOURCE};
use chrono::SecondsFormat;
use serde::Serialize;
use std::collections::BTreeMap;
use waymark_event::{Channel, Delivery, DeliveryId, Instant, Proof};

/// Commits in one delivery.
const COMMITS_MAX: usize = 5_000;

/// The first line of a delivery.
#[derive(Serialize)]
struct RefLine<'a> {
    format: &'static str,
    repository: &'a str,
    service: Option<&'a str>,
    #[serde(rename = "ref")]
    name: &'a str,
    old: Option<&'a str>,
    new: String,
    observed_at: Instant,
    is_shallow: bool,
    tag: Option<TagPart<'a>>,
    deploys: Option<Deploys<'a>>,
}

#[derive(Serialize)]
struct TagPart<'a> {
    name: &'a str,
    kind: &'static str,
    tagged_at: String,
}

#[derive(Serialize)]
struct Deploys<'a> {
    environment: &'a str,
}

/// What all deliveries of one reading share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) repository: &'a str,
    pub(super) request: &'a GitRequest,
    pub(super) observed_at: Instant,
    pub(super) is_shallow: bool,
}

/// Gathers the lines of one ref after the other.
pub(super) struct DeliveryWriter<'a> {
    shared: Shared<'a>,
    first_line: Vec<u8>,
    body: Vec<u8>,
    commits: usize,
    /// Deliveries that were finished before the current ref began.
    before: usize,
    deliveries: Vec<Delivery>,
}

impl<'a> DeliveryWriter<'a> {
    pub(super) fn new(shared: Shared<'a>) -> Self {
        Self { shared, first_line: Vec::new(), body: Vec::new(), commits: 0, before: 0, deliveries: Vec::new() }
    }

    /// Begins the deliveries of one ref.
    pub(super) fn begin(&mut self, selected: &Selected, old: Option<&str>) -> Result<(), GitError> {
        let line = RefLine {
            format: "waymark-git/1",
            repository: self.shared.repository,
            service: self.shared.request.service.as_deref(),
            name: &selected.name,
            old,
            new: selected.commit.to_string(),
            observed_at: self.shared.observed_at,
            is_shallow: self.shared.is_shallow,
            tag: selected.tag.as_ref().map(|tag| TagPart {
                name: &tag.name,
                kind: tag.kind,
                tagged_at: tag.tagged_at.to_rfc3339_opts(SecondsFormat::Secs, false),
            }),
            deploys: selected.tag.as_ref().map(|_| Deploys { environment: &self.shared.request.environment }),
        };
        self.first_line = self.encoded(&line)?;
        self.body.clone_from(&self.first_line);
        self.commits = 0;
        self.before = self.deliveries.len();
        Ok(())
    }

    /// Adds a commit, which may finish a delivery.
    pub(super) fn line(&mut self, line: &CommitLine) -> Result<(), GitError> {
        if self.commits == COMMITS_MAX {
            self.finish();
        }
        let line = self.encoded(line)?;
        self.body.extend(line);
        self.commits += 1;
        Ok(())
    }

    /// Ends the ref; one that stands where it stood before is written only if it reached new commits.
    pub(super) fn end(&mut self, selected: &Selected, before: Option<&String>) {
        let is_unchanged = before == Some(&selected.target);
        if self.commits > 0 || !(is_unchanged || self.deliveries.len() > self.before) {
            self.finish();
        }
    }

    pub(super) fn into_deliveries(self) -> Vec<Delivery> {
        self.deliveries
    }

    fn encoded(&self, line: &impl Serialize) -> Result<Vec<u8>, GitError> {
        let refused = |cause| GitError::Write { repository: self.shared.repository.to_owned(), cause };
        let mut bytes = serde_json::to_vec(line).map_err(refused)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn finish(&mut self) {
        let body = std::mem::replace(&mut self.body, self.first_line.clone());
        self.commits = 0;
        self.deliveries.push(Delivery {
            id: DeliveryId::received(self.shared.observed_at),
            source: SOURCE.to_owned(),
            instance: self.shared.repository.split('/').next().unwrap_or_default().to_owned(),
            connection: SOURCE.to_owned(),
            channel: Channel::Git,
            event_type: Some("ref".to_owned()),
            vendor_delivery_id: None,
            headers: BTreeMap::new(),
            content_type: Some("application/x-ndjson".to_owned()),
            body,
            proof: Proof::NoneConfigured,
            request_url: None,
            received_at: self.shared.observed_at,
        });
    }
}
