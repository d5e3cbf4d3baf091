//! The fact `adoption_status`: one row per service, component and spell in which what is known of its
//! adoption stays the same.
//!
//! The walk itself is `adoption.rs`; here its inputs are read from findings and the catalogue, and its
//! spells become rows. What the registers say is read in `adopted/agreed.rs`.

mod agreed;

use super::columns::{Words, instant, instants, numbers, said, text, texts};
use super::walks::{Given, Walk};
use crate::adoption::{Agreed, Description, Finding, Spell, Status, spells};
use crate::window::local_date;
use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use chrono::NaiveDate;
use chrono_tz::Tz;
use datafusion::error::{DataFusionError, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use waymark_event::{Instant, read_day, record_batch};

/// What is known of each service and component, spell by spell.
pub(super) const ADOPTION: Walk = Walk {
    makes: &["adoption_status"],
    statements: &[],
    reads: &[
        ("observed.evidence", FINDINGS),
        ("service_owners", &[]),
        ("settings", &[]),
        ("components", &[]),
        ("component_names", &[]),
        ("fit_rules", &[]),
        ("mandates", &[]),
        ("exemptions", &[]),
        ("alternatives", &[]),
        ("releases", &[]),
    ],
    make: |given| Ok(vec![adoption_status(given)?]),
};

/// What is read of findings.
const FINDINGS: &[&str] = &[
    "entity_id",
    "component_id",
    "service_hint",
    "part_of",
    "is_deleted",
    "detector",
    "kind",
    "finding",
    "alternative",
    "version",
    "rule_version",
    "observed_at",
    "path",
    "line",
    "run",
    "sha",
    "url",
];

#[derive(Serialize, Deserialize)]
struct SpellRow {
    service: String,
    component_id: String,
    status: String,
    known_status: Option<String>,
    valid_from: Instant,
    valid_to: Option<Instant>,
    rule_version: Option<i32>,
    fit: String,
    fit_reason: Option<Vec<String>>,
    eligible_since: Option<Instant>,
    evidence_kind: Option<String>,
    evidence_at: Option<Instant>,
    /// File and line, or the run.
    evidence_ref: Option<String>,
    evidence_sha: Option<String>,
    evidence_url: Option<String>,
    confirmed_at: Option<Instant>,
    has_conflict: bool,
    alternative: Option<String>,
    version: Option<String>,
    version_released_at: Option<Instant>,
    version_deprecated_at: Option<Instant>,
    version_end_of_life_at: Option<Instant>,
    adopted_since: Option<Instant>,
    motive: Option<String>,
    is_left: bool,
    left_at: Option<Instant>,
    is_prevalent: bool,
    #[serde(deserialize_with = "read_day")]
    day: NaiveDate,
    category: Option<String>,
    alternative_vendor: Option<String>,
}

fn adoption_status(given: &Given) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    if let Some((patience, zone)) = agreed::settings(given)? {
        let agreed = agreed::agreed(given)?;
        let looks = given.rows("observed.evidence").first().map(Looks::over).transpose()?;
        let mut found = looks.as_ref().map_or_else(|| Ok(Found::new()), |looks| looks.by_service(given, &agreed))?;
        let descriptions = descriptions(given, &found)?;
        for (service, descriptions) in &descriptions {
            let mut findings = found.remove(*service).unwrap_or_default();
            for (place, agreed) in agreed.iter().enumerate() {
                let findings = findings.remove(&place).unwrap_or_default();
                for spell in spells(service, descriptions, agreed, findings, patience) {
                    rows.push(row(service, agreed, &spell, zone, looks.as_ref()));
                }
            }
        }
    }
    let rows: Vec<&SpellRow> = rows.iter().collect();
    record_batch(&rows, "adoption_status").map_err(|cause| DataFusionError::External(Box::new(cause)))
}

/// The findings of each service, by the place of their component among those that are described.
type Found<'a> = HashMap<&'a str, BTreeMap<usize, Vec<Finding<'a>>>>;

/// Where the columns of findings are.
struct Looks<'a> {
    batch: &'a RecordBatch,
    paths: &'a StringArray,
    lines: &'a Int64Array,
    runs: &'a StringArray,
    shas: &'a StringArray,
    urls: &'a StringArray,
}

impl<'a> Looks<'a> {
    fn over(batch: &'a RecordBatch) -> Result<Self> {
        Ok(Self {
            batch,
            paths: text(batch, "path")?,
            lines: numbers::<Int64Type>(batch, "line")?,
            runs: text(batch, "run")?,
            shas: text(batch, "sha")?,
            urls: text(batch, "url")?,
        })
    }

    /// A component that was renamed is found under its former names; of one that nobody describes only
    /// the service is known.
    fn by_service(&self, given: &'a Given, agreed: &[Agreed]) -> Result<Found<'a>> {
        let mut places: HashMap<&str, usize> =
            agreed.iter().enumerate().map(|(place, agreed)| (agreed.component_id.as_str(), place)).collect();
        for batch in given.rows("component_names") {
            let (names, components) = (text(batch, "name")?, text(batch, "component_id")?);
            for row in 0..batch.num_rows() {
                let place = said(components, row).and_then(|id| places.get(id)).copied();
                if let Some((name, place)) = said(names, row).zip(place) {
                    places.insert(name, place);
                }
            }
        }
        let batch = self.batch;
        let (services, components) = (text(batch, "service_hint")?, text(batch, "component_id")?);
        let (entities, parts) = (text(batch, "entity_id")?, text(batch, "part_of")?);
        let (detectors, kinds, findings) = (text(batch, "detector")?, Words::of(batch, "kind")?, Words::of(batch, "finding")?);
        let (alternatives, versions) = (text(batch, "alternative")?, text(batch, "version")?);
        let rule_versions = numbers::<Int32Type>(batch, "rule_version")?;
        let observed = instants(batch, "observed_at")?;
        let deleted = batch.column_by_name("is_deleted").and_then(|column| column.as_boolean_opt());
        let mut found = Found::new();
        for row in 0..batch.num_rows() {
            let is_gone = deleted.is_some_and(|deleted| deleted.is_valid(row) && deleted.value(row));
            let (Some(service), Some(observed_at)) = (said(services, row), instant(observed, row)) else { continue };
            if is_gone || parts.is_valid(row) {
                continue;
            }
            let of_service = found.entry(service).or_default();
            let Some(place) = said(components, row).and_then(|component| places.get(component)) else { continue };
            of_service.entry(*place).or_default().push(Finding {
                detector: said(detectors, row).unwrap_or_default(),
                kind: kinds.said(row),
                says: findings.said(row),
                alternative: said(alternatives, row),
                version: said(versions, row),
                rule_version: rule_versions.is_valid(row).then(|| rule_versions.value(row)),
                observed_at,
                entity_id: said(entities, row).unwrap_or_default(),
                row,
            });
        }
        Ok(found)
    }

    /// File and line of a finding, or the run.
    fn reference(&self, row: usize) -> Option<String> {
        let place = said(self.paths, row).zip(self.lines.is_valid(row).then(|| self.lines.value(row)));
        let place = place.map(|(path, line)| format!("{path}:{line}"));
        place.or_else(|| said(self.paths, row).or_else(|| said(self.runs, row)).map(ToOwned::to_owned))
    }
}

/// How every known service was described, in order of time. What was taken back stays as it was
/// described, so that its evidence still expires.
fn descriptions<'a>(given: &'a Given, found: &Found<'a>) -> Result<BTreeMap<&'a str, Vec<Description<'a>>>> {
    let mut described: BTreeMap<&str, Vec<Description<'_>>> = BTreeMap::new();
    for batch in given.rows("service_owners") {
        let (services, owners, systems) = (text(batch, "service")?, text(batch, "owner")?, text(batch, "system")?);
        let (labels, kinds) = (texts(batch, "labels")?, text(batch, "type")?);
        let (created, valid_from) = (instants(batch, "created_at")?, instants(batch, "valid_from")?);
        // The texts of all lists stand one after the other.
        let words = labels.values().as_string_opt::<i32>();
        for row in 0..batch.num_rows() {
            let Some(service) = said(services, row) else { continue };
            let begin = usize::try_from(labels.value_offsets()[row]).unwrap_or_default();
            let length = usize::try_from(labels.value_length(row)).unwrap_or_default();
            described.entry(service).or_default().push(Description {
                valid_from: instant(valid_from, row).unwrap_or(Instant::from_seconds(0)),
                owner: said(owners, row),
                system: said(systems, row),
                labels: words
                    .filter(|_| labels.is_valid(row))
                    .map(|words| (begin..begin + length).filter_map(|place| said(words, place)).collect()),
                kind: said(kinds, row),
                created_at: instant(created, row),
            });
        }
    }
    for descriptions in described.values_mut() {
        descriptions.sort_by_key(|description| description.valid_from);
    }
    for service in found.keys() {
        // Of a service that nobody catalogued only the name is known, since ever.
        let valid_from = Instant::from_seconds(0);
        let unknown = Description { valid_from, owner: None, system: None, labels: None, kind: None, created_at: None };
        described.entry(service).or_insert_with(|| vec![unknown]);
    }
    Ok(described)
}

fn row(service: &str, agreed: &Agreed, spell: &Spell<'_>, zone: Tz, looks: Option<&Looks<'_>>) -> SpellRow {
    let seen = spell.evidence.as_ref().map(|(finding, _)| finding);
    let place = looks.zip(seen.map(|finding| finding.row));
    let owned = |text: &str| text.to_owned();
    let release = spell.version.and_then(|version| agreed.releases.get(version)).copied().unwrap_or_default();
    let vendor = spell.alternative.and_then(|alternative| agreed.vendors.get(alternative)).cloned();
    SpellRow {
        service: service.to_owned(),
        component_id: agreed.component_id.clone(),
        status: spell.status.as_str().to_owned(),
        known_status: spell.known_status.map(Status::as_str).map(owned),
        valid_from: spell.valid_from,
        valid_to: spell.valid_to,
        rule_version: seen.and_then(|finding| finding.rule_version),
        fit: spell.fit.as_str().to_owned(),
        fit_reason: Some(&spell.fit_reasons).filter(|reasons| !reasons.is_empty()).map(|reasons| {
            let reasons = reasons.iter();
            reasons.map(|reason| owned(reason)).collect()
        }),
        eligible_since: spell.eligible_since,
        evidence_kind: seen.map(|finding| owned(finding.kind)),
        evidence_at: spell.evidence.as_ref().map(|(_, at)| *at),
        evidence_ref: place.and_then(|(looks, row)| looks.reference(row)),
        evidence_sha: place.and_then(|(looks, row)| said(looks.shas, row)).map(owned),
        evidence_url: place.and_then(|(looks, row)| said(looks.urls, row)).map(owned),
        confirmed_at: spell.confirmed_at,
        has_conflict: spell.has_conflict,
        alternative: spell.alternative.map(owned),
        version: spell.version.map(owned),
        version_released_at: release.released_at,
        version_deprecated_at: release.deprecated_at,
        version_end_of_life_at: release.end_of_life_at,
        adopted_since: spell.adopted_since,
        motive: spell.motive.map(owned),
        is_left: spell.is_left,
        left_at: spell.left_at,
        is_prevalent: spell.is_prevalent,
        day: local_date(spell.valid_from, zone),
        category: agreed.category.clone(),
        alternative_vendor: vendor.flatten(),
    }
}
