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

pub(super) use held::{Held, HeldFindings, LaterFindings, TOLD_UNTIL, held_of_units};

use super::columns::{Count, count_days, instant, instants, listed, said, text, texts};
use super::walks::{Given, Walk};
use crate::adoption::{Agreed, Description, Look, Spell, Status, put_in_order, spells, told as told_of};
use crate::window::local_date;
use arrow::array::RecordBatch;
use chrono::NaiveDate;
use chrono_tz::Tz;
use datafusion::error::{DataFusionError, Result};
use holding::Holding;
use looks::{Found, Looks};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use waymark_event::{BatchBuilder, Instant, SchemaError, read_day, schema_of};

const NAME: &str = "adoption_status";

/// What is known of each service and component, spell by spell.
pub(super) const ADOPTION: Walk = Walk {
    makes: &[NAME],
    leaves: holding::LEFT,
    about: &["One row per service, component and spell in which what is known of its adoption stays the same.\n\n\
         `status` is adopted, partial, off_path, exempt, not_eligible or unknown, from `valid_from` until before `valid_to`;\n\
         `known_status` is the last one that was not unknown; of a user whom nobody looked at since it stays adopted, also while\n\
         a rule or an exemption says more. `evidence_*` say by which finding it began, `confirmed_at`\n\
         when it was last seen so. `is_left`: it was adopted for long enough to have been meant, and is so no more; under an\n\
         exemption nobody is off the path, so who stopped using it then has left when the exemption ends.\n\
         Whether the service was alive is said by `service_activity`. When evidence and exemptions will run out is known\n\
         before, so some spells begin later than now, and the one of now may have an end. What is so now:\n\
         `where valid_from <= now() and (valid_to is null or valid_to > now())`."],
    statements: &[],
    reads: &[
        ("observed.evidence", FINDINGS),
        ("repository_names", &[]),
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

/// Texts of which few are told of many findings; the others are mostly different with each look.
pub(super) const REPEATED: &[&str] =
    &["component_id", "service_hint", "part_of", "detector", "repository", "alternative", "version", "scan_id"];
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
struct SpellRow<'a> {
    service: Cow<'a, str>,
    component_id: Cow<'a, str>,
    status: Cow<'a, str>,
    known_status: Option<Cow<'a, str>>,
    valid_from: Count,
    valid_to: Option<Count>,
    rule_version: Option<i32>,
    fit: Cow<'a, str>,
    fit_reason: Option<Vec<Cow<'a, str>>>,
    eligible_since: Option<Count>,
    evidence_kind: Option<Cow<'a, str>>,
    evidence_at: Option<Count>,
    /// File and line, or the run.
    evidence_ref: Option<String>,
    evidence_sha: Option<Cow<'a, str>>,
    evidence_url: Option<Cow<'a, str>>,
    confirmed_at: Option<Count>,
    has_conflict: bool,
    alternative: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    version_released_at: Option<Count>,
    version_deprecated_at: Option<Count>,
    version_end_of_life_at: Option<Count>,
    adopted_since: Option<Count>,
    motive: Option<Cow<'a, str>>,
    is_left: bool,
    left_at: Option<Count>,
    is_prevalent: bool,
    #[serde(deserialize_with = "read_day", serialize_with = "count_days")]
    day: NaiveDate,
    category: Option<Cow<'a, str>>,
    alternative_vendor: Option<Cow<'a, str>>,
}

fn adoption_status(given: &Given) -> Result<Vec<RecordBatch>> {
    let mut rows = BatchBuilder::over(&schema_of::<SpellRow<'_>>(NAME).map_err(external)?, NAME).map_err(external)?;
    let Some((patience, zone)) = agreed::settings(given)? else { return Ok(vec![rows.finish().map_err(external)?]) };
    let agreed = agreed::agreed(given)?;
    let names = given.rows("repository_names");
    let looks = given.rows("observed.evidence").first().map(|findings| Looks::over(findings, names)).transpose()?;
    let found = looks.as_ref().map(|looks| looks.found(given, &agreed)).transpose()?.unwrap_or_default();
    let descriptions = descriptions(given, &found)?;
    let mut holding = looks.as_ref().map(|looks| Holding::new(looks, &found));
    let mut in_order: Vec<Look> = Vec::new();
    for (service, descriptions) in &descriptions {
        for (place, agreed) in agreed.iter().enumerate() {
            let mut told = Vec::new();
            if let Some((looks, holding)) = looks.as_ref().zip(holding.as_mut()) {
                let finding = |look: &Look| looks.finding(look);
                in_order.clear();
                in_order.extend(found.rows(service, place).iter().map(|row| looks.look(*row)));
                put_in_order(&mut in_order, &finding);
                told = told_of(&in_order, patience, &finding);
                holding.hold(service, agreed, &in_order, &told);
            }
            for spell in spells(service, descriptions, agreed, &told, patience) {
                rows.push(&row(service, agreed, &spell, zone, looks.as_ref())).map_err(external)?;
            }
        }
    }
    let held = holding.map(Holding::into_batches).transpose()?.unwrap_or_default();
    Ok(std::iter::once(rows.finish().map_err(external)?).chain(held).collect())
}

fn external(cause: SchemaError) -> DataFusionError {
    DataFusionError::External(Box::new(cause))
}

/// How every known service was described, in order of time. What was taken back stays as it was
/// described, so that its evidence still expires.
fn descriptions<'a>(given: &'a Given, found: &Found<'a>) -> Result<BTreeMap<&'a str, Vec<Description<'a>>>> {
    let mut described: BTreeMap<&str, Vec<Description<'_>>> = BTreeMap::new();
    for batch in given.rows("service_owners") {
        let (services, owners, systems) = (text(batch, "service")?, text(batch, "owner")?, text(batch, "system")?);
        let (labels, kinds) = (texts(batch, "labels")?, text(batch, "type")?);
        let (created, valid_from) = (instants(batch, "created_at")?, instants(batch, "valid_from")?);
        for row in 0..batch.num_rows() {
            let Some(service) = said(services, row) else { continue };
            described.entry(service).or_default().push(Description {
                valid_from: instant(valid_from, row).unwrap_or(Instant::from_seconds(0)),
                owner: said(owners, row),
                system: said(systems, row),
                labels: listed(labels, row).map(Iterator::collect),
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

fn row<'a>(service: &'a str, agreed: &'a Agreed, spell: &Spell<'a>, zone: Tz, looks: Option<&Looks<'a>>) -> SpellRow<'a> {
    let seen = spell.evidence.as_ref().map(|(finding, _)| finding);
    let place = looks.zip(seen.map(|finding| finding.row));
    let release = spell.version.and_then(|version| agreed.releases.get(version)).copied().unwrap_or_default();
    let vendor = spell.alternative.and_then(|alternative| agreed.vendors.get(alternative)?.as_deref());
    SpellRow {
        service: service.into(),
        component_id: agreed.component_id.as_str().into(),
        status: spell.status.as_str().into(),
        known_status: spell.known_status.map(Status::as_str).map(Cow::from),
        valid_from: Count(spell.valid_from),
        valid_to: spell.valid_to.map(Count),
        rule_version: seen.and_then(|finding| finding.rule_version),
        fit: spell.fit.as_str().into(),
        fit_reason: Some(&spell.fit_reasons).filter(|reasons| !reasons.is_empty()).map(|reasons| {
            let reasons = reasons.iter();
            reasons.map(|reason| Cow::from(*reason)).collect()
        }),
        eligible_since: spell.eligible_since.map(Count),
        evidence_kind: seen.map(|finding| finding.kind.into()),
        evidence_at: spell.evidence.as_ref().map(|(_, at)| Count(*at)),
        evidence_ref: place.and_then(|(looks, row)| looks.reference(row)),
        evidence_sha: place.and_then(|(looks, row)| said(looks.shas, row)).map(Cow::from),
        evidence_url: place.and_then(|(looks, row)| said(looks.urls, row)).map(Cow::from),
        confirmed_at: spell.confirmed_at.map(Count),
        has_conflict: spell.has_conflict,
        alternative: spell.alternative.map(Cow::from),
        version: spell.version.map(Cow::from),
        version_released_at: release.released_at.map(Count),
        version_deprecated_at: release.deprecated_at.map(Count),
        version_end_of_life_at: release.end_of_life_at.map(Count),
        adopted_since: spell.adopted_since.map(Count),
        motive: spell.motive.map(Cow::from),
        is_left: spell.is_left,
        left_at: spell.left_at.map(Count),
        is_prevalent: spell.is_prevalent,
        day: local_date(spell.valid_from, zone),
        category: agreed.category.as_deref().map(Cow::from),
        alternative_vendor: vendor.map(Cow::from),
    }
}
