//! The fact `adoption_status`: one row per service, component and spell in which what is known of its
//! adoption stays the same.
//!
//! The walk itself is `adoption.rs`; here its inputs are read from findings and the catalogue, and its
//! spells become rows. Findings are read in `adopted/looks.rs` and what the registers say in `adopted/agreed.rs`;
//! what is kept of findings for the next refresh is `adopted/held.rs`.

mod agreed;
mod held;
mod holding;
mod looks;

pub(super) use held::{Held, HeldFindings, Later, TOLD_UNTIL, held_of_units};

use super::columns::{instant, instants, said, text, texts};
use super::walks::{Given, Walk};
use crate::adoption::{Agreed, Description, Finding, Spell, Status, put_in_order, spells, told};
use crate::window::local_date;
use arrow::array::{Array, AsArray, RecordBatch};
use chrono::NaiveDate;
use chrono_tz::Tz;
use datafusion::error::{DataFusionError, Result};
use holding::Holding;
use looks::{Found, Looks};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waymark_event::{Instant, read_day, record_batch};

/// What is known of each service and component, spell by spell.
pub(super) const ADOPTION: Walk = Walk {
    makes: &["adoption_status"],
    leaves: holding::LEFT,
    about: &["One row per service, component and spell in which what is known of its adoption stays the same.\n\n\
         `status` is adopted, partial, off_path, exempt, not_eligible or unknown, from `valid_from` until before `valid_to`;\n\
         `known_status` is the last one that was not unknown. `evidence_*` say by which finding it began, `confirmed_at`\n\
         when it was last seen so. `is_left`: it was adopted for long enough to have been meant, and is so no more.\n\
         Whether the service was alive is said by `service_activity`."],
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
    make: adoption_status,
};

/// What is read of findings.
const FINDINGS: &[&str] = &[
    "entity_id",
    "component_id",
    "service_hint",
    "part_of",
    "is_deleted",
    "detector",
    "repository",
    "kind",
    "finding",
    "alternative",
    "version",
    "rule_version",
    "scan_id",
    "version_rank",
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

fn adoption_status(given: &Given) -> Result<Vec<RecordBatch>> {
    let mut rows = Vec::new();
    let mut held = Vec::new();
    if let Some((patience, zone)) = agreed::settings(given)? {
        let agreed = agreed::agreed(given)?;
        let looks = given.rows("observed.evidence").first().map(Looks::over).transpose()?;
        let found = looks.as_ref().map(|looks| looks.found(given, &agreed)).transpose()?.unwrap_or_default();
        let descriptions = descriptions(given, &found)?;
        let mut holding = looks.as_ref().map(|looks| Holding::new(looks, &found));
        for (service, descriptions) in &descriptions {
            for (place, agreed) in agreed.iter().enumerate() {
                let rows_of = found.rows(service, place);
                let mut findings: Vec<Finding<'_>> =
                    looks.iter().flat_map(|looks| rows_of.iter().map(|row| looks.finding(*row))).collect();
                put_in_order(&mut findings);
                let told = told(&findings, patience);
                if let Some(holding) = &mut holding {
                    holding.hold(service, agreed, &findings, &told);
                }
                for spell in spells(service, descriptions, agreed, &told, patience) {
                    rows.push(row(service, agreed, &spell, zone, looks.as_ref()));
                }
            }
        }
        held = holding.map(Holding::into_batches).transpose()?.unwrap_or_default();
    }
    let rows: Vec<&SpellRow> = rows.iter().collect();
    let status = record_batch(&rows, "adoption_status").map_err(|cause| DataFusionError::External(Box::new(cause)))?;
    Ok(std::iter::once(status).chain(held).collect())
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
    for service in found.services.keys() {
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
