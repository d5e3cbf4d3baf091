//! `waymark-evidence/1`: what a scan of a repository found becomes evidence.

use crate::source::Normalised;
use serde::Deserialize;
use std::collections::BTreeMap;
use waymark_event::{
    Delivery, EntityId, Evidence, EvidenceKind, Finding, Head, Instant, Observation, Read, Rejection, VersionRank,
};

/// The format of the first line.
pub(super) const FORMAT: &str = "waymark-evidence/1";

#[derive(Deserialize)]
struct ScanLine {
    repository: String,
    scanned_at: Instant,
}

#[derive(Deserialize)]
struct FindingLine {
    component: String,
    rule_version: i32,
    detector: String,
    scan_id: String,
    kind: EvidenceKind,
    finding: Finding,
    alternative: Option<String>,
    version: Option<String>,
    path: Option<String>,
    line: Option<i64>,
    sha: Option<String>,
    run: Option<String>,
    service: Option<String>,
    condition: Option<String>,
    observed_at: Instant,
}

/// Reads the findings behind the first line.
pub(super) fn normalise<'l>(
    delivery: &Delivery,
    dialect_version: i32,
    first: &str,
    lines: impl Iterator<Item = &'l str>,
) -> Normalised {
    let scan: ScanLine = match serde_json::from_str(first) {
        Ok(scan) => scan,
        Err(error) => return Normalised::rejected(Rejection::from_json(&error)),
    };
    let mut normalised = Normalised::default();
    for (item, line) in lines.enumerate() {
        match serde_json::from_str::<FindingLine>(line) {
            Ok(found) => normalised.observations.push(observation(delivery, dialect_version, &scan, found)),
            Err(error) => normalised.rejections.push(Rejection::from_json(&error).at_item(item)),
        }
    }
    if normalised == Normalised::default() {
        return Normalised::ignored("a scan that found nothing to say");
    }
    normalised
}

fn observation(delivery: &Delivery, dialect_version: i32, scan: &ScanLine, found: FindingLine) -> Observation {
    // What one repository shows of a service takes nothing back of what another one shows.
    let place = found.service.as_deref().map_or_else(|| scan.repository.clone(), |name| format!("{name}@{}", scan.repository));
    let native = [found.component.as_str(), &place, &found.detector, &found.scan_id];
    let head = Head {
        entity_id: EntityId::of("git", "evidence", &delivery.instance, &native),
        // A week that is looked at again, by a newer rule or at a later commit, overtakes what was said before.
        version_rank: VersionRank::of(Some(scan.scanned_at), delivery.received_at, 0, Read::Polled),
        occurred_at: Some(found.observed_at),
        source_updated_at: Some(scan.scanned_at),
        attributes: found
            .condition
            .into_iter()
            .map(|condition| ("condition".to_owned(), condition))
            .collect::<BTreeMap<_, _>>(),
        ..Head::default()
    };
    let record = Evidence {
        component_id: found.component,
        rule_version: found.rule_version,
        detector: found.detector,
        scan_id: found.scan_id,
        kind: found.kind,
        finding: found.finding,
        alternative: found.alternative,
        version: found.version,
        repository: Some(scan.repository.clone()),
        path: found.path,
        line: found.line,
        sha: found.sha,
        service_hint: found.service,
        run: found.run,
        observed_at: found.observed_at,
    };
    Observation::read(delivery, dialect_version, head, record)
}
