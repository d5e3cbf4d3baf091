//! Findings kept from one refresh to the next: a new look at a service is gone on with, without reading all of
//! the earlier ones again.
//!
//! What may be gone on with is decided here, and only where the result is that of all findings together: what
//! is new must be later than whatever was left out, and about scans that nobody has told of. Everything else
//! is computed from what was observed, as every other fact is.

use super::looks::places_of;
use crate::facts::columns::{Words, instants, numbers, said, text, views};
use crate::facts::inputs::size_bytes;
use crate::facts::plans::FactPlans;
use crate::units::Units;
use arrow::array::{
    Array, AsArray, BooleanArray, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::{Int64Type, UInt64Type};
use datafusion::error::{DataFusionError, Result};
use foldhash::fast::{FixedState, RandomState};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;

/// Until when a finding was told again; null for a single look, and for every statement as it is stored.
pub(in crate::facts) const TOLD_UNTIL: &str = "told_until";
/// What is kept of all units takes no more memory.
const HELD_BYTES_MAX: usize = 96 * 1_024 * 1_024;
/// What each array of each unit takes beside its values.
const ARRAY_BYTES: usize = 160;

/// What is kept of findings, unit by unit.
#[derive(Debug, Default)]
pub(in crate::facts) struct HeldFindings {
    of: HashMap<u32, Held>,
    size_bytes: usize,
}

/// What is kept of one unit.
#[derive(Debug)]
pub(in crate::facts) struct Held {
    findings: RecordBatch,
    /// Digests of all scans of which anything was told, in order.
    scans: Vec<u64>,
}

/// New findings, and the units in which the walk goes on with them.
#[derive(Debug, Default)]
pub(in crate::facts) struct LaterFindings {
    /// The new findings of all units; null where there is nothing to go on with.
    new: Option<RecordBatch>,
    of: BTreeMap<u32, Later>,
}

/// With what the walk goes on in one unit, and the scans of all that came before.
#[derive(Debug)]
struct Later {
    kept: RecordBatch,
    /// The places of its new findings.
    added: Vec<u32>,
    scans: Vec<u64>,
}

impl LaterFindings {
    pub(in crate::facts) fn units(&self) -> impl ExactSizeIterator<Item = u32> {
        self.of.keys().copied()
    }

    pub(in crate::facts) fn has(&self, unit: u32) -> bool {
        self.of.contains_key(&unit)
    }

    /// The findings of some units: what is kept of each, and then what is new.
    pub(in crate::facts) fn of_units(&self, units: &BTreeSet<u32>) -> Result<Vec<RecordBatch>> {
        let later = || units.iter().filter_map(|unit| self.of.get(unit));
        let mut findings: Vec<RecordBatch> = later().map(|later| later.kept.clone()).collect();
        if let Some(new) = &self.new {
            let added: Vec<u32> = later().flat_map(|later| &later.added).copied().collect();
            findings.push(take_record_batch(new, &UInt32Array::from(added))?);
        }
        Ok(findings)
    }
}

/// What a walk has left, unit by unit; of units that were gone on with, also the scans that came before.
pub(in crate::facts) fn held_of_units(
    findings: &RecordBatch,
    scans: &RecordBatch,
    units: &Units,
    later: &LaterFindings,
) -> Result<Vec<(u32, Held)>> {
    let mut rows: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let services = text(findings, "service_hint")?;
    for row in 0..findings.num_rows() {
        if let Some(unit) = said(services, row).and_then(|service| units.known(service)) {
            rows.entry(unit).or_default().push(u32::try_from(row).unwrap_or(u32::MAX));
        }
    }
    let mut told: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    let (services, digests) = (text(scans, "service")?, numbers::<UInt64Type>(scans, "scan")?);
    for row in 0..scans.num_rows() {
        if let Some(unit) = said(services, row).and_then(|service| units.known(service)) {
            told.entry(unit).or_default().push(digests.value(row));
        }
    }
    let findings = &without_nulls(findings)?;
    let mut held = Vec::with_capacity(rows.len());
    for (unit, rows) in rows {
        let mut scans = told.remove(&unit).unwrap_or_default();
        scans.extend(later.of.get(&unit).iter().flat_map(|later| &later.scans));
        scans.sort_unstable();
        scans.dedup();
        scans.shrink_to_fit();
        let findings = without_nulls(&take_record_batch(findings, &UInt32Array::from(rows))?)?;
        held.push((unit, Held { findings, scans }));
    }
    Ok(held)
}

/// Rows without the columns that say nothing of any of them.
fn without_nulls(rows: &RecordBatch) -> Result<RecordBatch> {
    let says = |place: &usize| rows.column(*place).null_count() < rows.num_rows();
    let places: Vec<usize> = (0..rows.num_columns()).filter(says).collect();
    Ok(rows.project(&places)?)
}

/// By what a scan is known again.
pub(super) fn digest(scan: &str) -> u64 {
    FixedState::with_seed(0).hash_one(scan)
}

impl Held {
    /// What is kept takes about so much memory. Words from fixed lists are the same array in many units.
    fn size_bytes(&self) -> usize {
        let values = usize::try_from(size_bytes(&self.findings)).unwrap_or(usize::MAX);
        values + self.findings.num_columns() * ARRAY_BYTES + self.scans.len() * size_of::<u64>()
    }
}

impl HeldFindings {
    /// Keeps what was left of some units in place of what was kept of them, as long as there is room.
    pub(in crate::facts) fn keep(&mut self, units: &BTreeSet<u32>, held: Vec<(u32, Held)>) {
        for unit in units {
            self.forget(*unit);
        }
        for (unit, held) in held {
            let size_bytes = held.size_bytes();
            if self.size_bytes + size_bytes <= HELD_BYTES_MAX {
                self.size_bytes += size_bytes;
                self.of.insert(unit, held);
            }
        }
        tracing::debug!(unit.count = self.of.len(), size_bytes = self.size_bytes, "findings are kept for later");
    }

    fn forget(&mut self, unit: u32) {
        self.size_bytes -= self.of.remove(&unit).map_or(0, |held| held.size_bytes());
    }

    /// Forgets units that are no more.
    pub(in crate::facts) fn retain(&mut self, units: &Units) {
        let gone: Vec<u32> = self.of.keys().copied().filter(|unit| units.members(*unit).is_empty()).collect();
        for unit in gone {
            self.forget(unit);
        }
    }

    /// Whether anything is kept of a unit.
    pub(in crate::facts) fn has(&self, unit: u32) -> bool {
        self.of.contains_key(&unit)
    }

    /// Of the units that only new findings touch, those that can be gone on with.
    pub(in crate::facts) fn later(
        &self,
        touched: &BTreeSet<u32>,
        new: RecordBatch,
        (plans, units): (&FactPlans, &Units),
    ) -> Result<LaterFindings> {
        let described = plans.register("components").map(|batch| text(batch, "component_id")).transpose()?;
        let described: Vec<&str> = described.into_iter().flat_map(|ids| ids.iter().flatten()).collect();
        let former: Vec<RecordBatch> = plans.register("component_names").cloned().into_iter().collect();
        let places = places_of(described.iter().copied(), &former)?;
        let component = |name: &str| places.get(name).and_then(|place| described.get(*place)).copied();
        let told = Statements::over(&new)?;
        let mut rows: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for row in 0..new.num_rows() {
            // A finding about no service says nothing of any.
            if let Some(unit) = told.services.said(row).and_then(|service| units.known(service)) {
                rows.entry(unit).or_default().push(row);
            }
        }
        let mut of = BTreeMap::new();
        for (unit, rows) in rows.into_iter().filter(|(unit, _)| touched.contains(unit)) {
            if let Some(held) = self.of.get(&unit)
                && let Some(gone_on_with) = held.with(&told, &rows, &component)?
            {
                of.insert(unit, gone_on_with);
            }
        }
        Ok(LaterFindings { new: Some(new), of })
    }
}

/// New statements, and the columns that decide whether they come after what is kept.
struct Statements<'a> {
    services: Words<'a>,
    components: Words<'a>,
    detectors: Words<'a>,
    repositories: Words<'a>,
    parts: Words<'a>,
    entities: &'a StringViewArray,
    scans: Words<'a>,
    deleted: &'a BooleanArray,
    observed: &'a TimestampMicrosecondArray,
    ranks: &'a Int64Array,
}

impl<'a> Statements<'a> {
    fn over(batch: &'a RecordBatch) -> Result<Self> {
        let deleted = batch.column_by_name("is_deleted").and_then(|column| column.as_boolean_opt());
        Ok(Self {
            services: Words::of(batch, "service_hint")?,
            components: Words::of(batch, "component_id")?,
            detectors: Words::of(batch, "detector")?,
            repositories: Words::of(batch, "repository")?,
            parts: Words::of(batch, "part_of")?,
            entities: views(batch, "entity_id")?,
            scans: Words::of(batch, "scan_id")?,
            deleted: deleted.ok_or_else(|| DataFusionError::Internal("findings do not say what is deleted".to_owned()))?,
            observed: instants(batch, "observed_at")?,
            ranks: numbers::<Int64Type>(batch, "version_rank")?,
        })
    }

    /// Whether the walk makes a finding of a statement.
    fn says_something(&self, row: usize) -> bool {
        let is_deleted = self.deleted.is_valid(row) && self.deleted.value(row);
        !is_deleted && self.parts.number(row).is_none() && self.observed.is_valid(row)
    }

    fn teller(&self, row: usize) -> (&'a str, &'a str) {
        (self.detectors.said(row).unwrap_or_default(), self.repositories.said(row).unwrap_or_default())
    }
}

/// What a finding is about, and who says it: service, component, detector and repository.
type About<'a> = (&'a str, &'a str, (&'a str, &'a str));

/// What is kept of a unit, as it is compared with what is new.
#[derive(Default)]
struct Compared<'a> {
    services: HashSet<&'a str, RandomState>,
    /// Until when looks were left out.
    before: HashMap<About<'a>, i64, RandomState>,
    /// The last looks, by their entity: what they are about, their rank and their row.
    newest: HashMap<&'a str, (About<'a>, i64, usize), RandomState>,
}

impl Held {
    fn compared(&self) -> Result<Compared<'_>> {
        let batch = &self.findings;
        let (services, components, detectors) =
            (text(batch, "service_hint")?, text(batch, "component_id")?, text(batch, "detector")?);
        let (entities, observed) = (text(batch, "entity_id")?, instants(batch, "observed_at")?);
        let ranks = numbers::<Int64Type>(batch, "version_rank")?;
        // Columns without a word are not kept.
        let repositories = text(batch, "repository").ok();
        let until = instants(batch, TOLD_UNTIL).ok();
        let mut compared = Compared::default();
        for row in 0..batch.num_rows() {
            let service = said(services, row).unwrap_or_default();
            let teller = (
                said(detectors, row).unwrap_or_default(),
                repositories.and_then(|repositories| said(repositories, row)).unwrap_or_default(),
            );
            let about = (service, said(components, row).unwrap_or_default(), teller);
            compared.services.insert(service);
            if let Some(entity) = said(entities, row) {
                compared.newest.insert(entity, (about, ranks.value(row), row));
            } else {
                let until = until.filter(|until| until.is_valid(row)).map(|until| until.value(row));
                let last = compared.before.entry(about).or_insert(i64::MIN);
                *last = (*last).max(until.unwrap_or_else(|| observed.value(row)));
            }
        }
        Ok(compared)
    }

    /// What is kept, and the given new statements after it; nothing where all of a unit's findings have to be
    /// looked at.
    fn with<'a>(
        &self,
        new: &Statements<'a>,
        rows: &[usize],
        component: &impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Option<Later>> {
        let Compared { services, before, newest } = self.compared()?;
        let mut scans = self.scans.clone();
        let mut is_kept = vec![true; self.findings.num_rows()];
        let mut added = Vec::with_capacity(rows.len());
        for row in rows.iter().copied() {
            let service = new.services.said(row).unwrap_or_default();
            if !services.contains(service) || !new.says_something(row) {
                return Ok(None);
            }
            // What nobody describes has no status.
            let Some(component) = new.components.said(row).and_then(component) else { continue };
            let about = (service, component, new.teller(row));
            let scan = digest(new.scans.said(row).unwrap_or_default());
            match newest.get(new.entities.value(row)) {
                Some((known, rank, _)) if *known != about || *rank == new.ranks.value(row) => return Ok(None),
                Some((_, rank, _)) if *rank > new.ranks.value(row) => continue,
                Some((_, _, place)) => is_kept[*place] = false,
                None if self.scans.binary_search(&scan).is_ok() => return Ok(None),
                None => {}
            }
            if before.get(&about).is_some_and(|before| *before >= new.observed.value(row)) {
                return Ok(None);
            }
            scans.push(scan);
            added.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        let kept = filter_record_batch(&self.findings, &BooleanArray::from(is_kept))?;
        Ok(Some(Later { kept, added, scans }))
    }
}
