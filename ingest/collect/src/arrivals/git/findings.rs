//! Findings as deliveries of the format `waymark-evidence/1`: a first line, then one line for each.

use super::{GitError, SOURCE};
use serde::Serialize;
use std::collections::BTreeMap;
use waymark_event::{Channel, Delivery, DeliveryId, EvidenceKind, Instant, Proof};

/// Findings in one delivery.
const FINDINGS_MAX: usize = 5_000;
/// The format of the deliveries.
const FORMAT: &str = "waymark-evidence/1";

/// The first line of a delivery.
#[derive(Serialize)]
struct ScanLine<'a> {
    format: &'static str,
    repository: &'a str,
    scanned_at: Instant,
}

/// The line of one finding.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the field is the word of the stored line")]
pub(super) struct Finding<'a> {
    pub(super) component: &'a str,
    pub(super) rule_version: i32,
    pub(super) detector: &'static str,
    pub(super) scan_id: &'a str,
    pub(super) kind: EvidenceKind,
    pub(super) finding: waymark_event::Finding,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alternative: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<&'a str>,
    pub(super) observed_at: Instant,
}

/// Gathers findings into deliveries.
pub(super) struct FindingWriter {
    repository: String,
    now: Instant,
    body: Vec<u8>,
    in_body: usize,
    findings: usize,
    deliveries: Vec<Delivery>,
}

impl FindingWriter {
    pub(super) fn new(repository: &str, now: Instant) -> Self {
        let repository = repository.to_owned();
        Self { repository, now, body: Vec::new(), in_body: 0, findings: 0, deliveries: Vec::new() }
    }

    pub(super) fn write(&mut self, finding: &Finding<'_>) -> Result<(), GitError> {
        if self.in_body == FINDINGS_MAX {
            self.finish();
        }
        if self.in_body == 0 {
            let first = ScanLine { format: FORMAT, repository: &self.repository, scanned_at: self.now };
            self.body = self.encoded(&first)?;
        }
        let line = self.encoded(finding)?;
        self.body.extend(line);
        self.in_body += 1;
        self.findings += 1;
        Ok(())
    }

    /// How many findings there are, and the deliveries that hold them.
    pub(super) fn into_deliveries(mut self) -> (usize, Vec<Delivery>) {
        self.finish();
        (self.findings, self.deliveries)
    }

    fn encoded(&self, line: &impl Serialize) -> Result<Vec<u8>, GitError> {
        let refused = |cause| GitError::Write { repository: self.repository.clone(), cause };
        let mut bytes = serde_json::to_vec(line).map_err(refused)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn finish(&mut self) {
        if self.in_body == 0 {
            return;
        }
        self.in_body = 0;
        self.deliveries.push(Delivery {
            id: DeliveryId::received(self.now),
            source: SOURCE.to_owned(),
            instance: self.repository.split('/').next().unwrap_or_default().to_owned(),
            connection: SOURCE.to_owned(),
            channel: Channel::Git,
            event_type: Some("evidence".to_owned()),
            vendor_delivery_id: None,
            headers: BTreeMap::new(),
            content_type: Some("application/x-ndjson".to_owned()),
            body: std::mem::take(&mut self.body),
            proof: Proof::NoneConfigured,
            request_url: None,
            received_at: self.now,
        });
    }
}
