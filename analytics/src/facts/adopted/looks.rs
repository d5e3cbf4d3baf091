//! Findings as the walk reads them: who says what of which service and component, and when.

use super::TOLD_UNTIL;
use crate::adoption::{Agreed, Finding};
use crate::facts::columns::{Words, instant, instants, numbers, said, text};
use crate::facts::walks::Given;
use arrow::array::{Array, AsArray, Int32Array, Int64Array, RecordBatch, Scalar, StringArray, TimestampMicrosecondArray};
use arrow::compute::kernels::cmp::eq;
use arrow::datatypes::{Int32Type, Int64Type};
use datafusion::error::Result;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use waymark_event::Instant;

/// The place of each component that is described, by its id and its former names.
pub(super) fn places_of<'a>(
    components: impl Iterator<Item = &'a str>,
    former: &'a [RecordBatch],
) -> Result<HashMap<&'a str, usize, RandomState>> {
    let mut places: HashMap<&str, usize, RandomState> = components.zip(0..).collect();
    for batch in former {
        let (names, components) = (text(batch, "name")?, text(batch, "component_id")?);
        for row in 0..batch.num_rows() {
            let place = said(components, row).and_then(|id| places.get(id)).copied();
            if let Some((name, place)) = said(names, row).zip(place) {
                places.insert(name, place);
            }
        }
    }
    Ok(places)
}

/// The number of each row's detector in its repository.
fn tellers(detectors: &StringArray, repositories: &StringArray) -> Result<Vec<u32>> {
    if is_all_one(detectors)? && is_all_one(repositories)? {
        return Ok(vec![0; detectors.len()]);
    }
    let mut known: HashMap<(&str, &str), u32, RandomState> = HashMap::default();
    let mut last = None;
    let number = |row| {
        let names = (said(detectors, row).unwrap_or_default(), said(repositories, row).unwrap_or_default());
        // Neighbours are mostly told by the same.
        match last {
            Some((before, number)) if before == names => number,
            _ => {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                let number = *known.entry(names).or_insert(next);
                last = Some((names, number));
                number
            }
        }
    };
    Ok((0..detectors.len()).map(number).collect())
}

/// Whether every row says the same, or none says anything.
fn is_all_one(column: &StringArray) -> Result<bool> {
    if column.null_count() == column.len() {
        return Ok(true);
    }
    let is_first = eq(column, &Scalar::new(column.slice(0, 1)))?;
    Ok(is_first.true_count() == column.len())
}

/// Where the findings of each service and component stand.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// The place of each service of which anything was found.
    pub(super) services: HashMap<&'a str, usize, RandomState>,
    components: usize,
    /// Rows by service and component, and where those of each begin and end.
    rows: Vec<usize>,
    ends: Vec<usize>,
    /// A row about each service, by its place.
    pub(super) first_rows: Vec<usize>,
    /// Rows about a service that say nothing: taken back, or a part of something else.
    pub(super) passed_over: HashMap<&'a str, Vec<usize>, RandomState>,
}

impl<'a> Found<'a> {
    /// Rows by the place of their service, and that of their component where somebody describes it.
    fn of(services: HashMap<&'a str, usize, RandomState>, components: usize, placed: &[(usize, usize, usize)]) -> Self {
        let mut ends = vec![0; services.len() * components];
        for (service, component, _) in placed {
            ends[service * components + component] += 1;
        }
        let mut begin = 0;
        for end in &mut ends {
            begin += std::mem::replace(end, begin);
        }
        let mut rows = vec![0; placed.len()];
        for (service, component, row) in placed {
            let end = &mut ends[service * components + component];
            rows[*end] = *row;
            *end += 1;
        }
        Self { services, components, rows, ends, ..Self::default() }
    }

    /// The rows of one service and component.
    pub(super) fn rows(&self, service: &str, component: usize) -> &[usize] {
        let Some(service) = self.services.get(service) else { return &[] };
        let place = service * self.components + component;
        let begin = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.rows[begin..self.ends[place]]
    }
}

/// The columns of findings.
pub(super) struct Looks<'a> {
    pub(super) batch: &'a RecordBatch,
    entities: &'a StringArray,
    detectors: &'a StringArray,
    repositories: &'a StringArray,
    tellers: Vec<u32>,
    kinds: Words<'a>,
    findings: Words<'a>,
    alternatives: &'a StringArray,
    versions: &'a StringArray,
    rule_versions: &'a Int32Array,
    observed: &'a TimestampMicrosecondArray,
    /// Until when the same was told, where looks are left out.
    until: &'a TimestampMicrosecondArray,
    pub(super) scans: &'a StringArray,
    paths: &'a StringArray,
    lines: &'a Int64Array,
    runs: &'a StringArray,
    pub(super) shas: &'a StringArray,
    pub(super) urls: &'a StringArray,
}

impl<'a> Looks<'a> {
    pub(super) fn over(batch: &'a RecordBatch) -> Result<Self> {
        let (detectors, repositories) = (text(batch, "detector")?, text(batch, "repository")?);
        Ok(Self {
            batch,
            entities: text(batch, "entity_id")?,
            detectors,
            repositories,
            tellers: tellers(detectors, repositories)?,
            kinds: Words::of(batch, "kind")?,
            findings: Words::of(batch, "finding")?,
            alternatives: text(batch, "alternative")?,
            versions: text(batch, "version")?,
            rule_versions: numbers::<Int32Type>(batch, "rule_version")?,
            observed: instants(batch, "observed_at")?,
            until: instants(batch, TOLD_UNTIL)?,
            scans: text(batch, "scan_id")?,
            paths: text(batch, "path")?,
            lines: numbers::<Int64Type>(batch, "line")?,
            runs: text(batch, "run")?,
            shas: text(batch, "sha")?,
            urls: text(batch, "url")?,
        })
    }

    /// A component that was renamed is found under its former names; of one that nobody describes only
    /// the service is known.
    pub(super) fn found(&self, given: &Given, agreed: &[Agreed]) -> Result<Found<'a>> {
        let components = agreed.iter().map(|agreed| agreed.component_id.as_str());
        let places = places_of(components, given.rows("component_names"))?;
        let batch = self.batch;
        let (named, components) = (text(batch, "service_hint")?, text(batch, "component_id")?);
        let parts = text(batch, "part_of")?;
        let deleted = batch.column_by_name("is_deleted").and_then(|column| column.as_boolean_opt());
        let mut services: HashMap<&str, usize, RandomState> = HashMap::default();
        let mut passed_over: HashMap<&str, Vec<usize>, RandomState> = HashMap::default();
        let mut first_rows = Vec::new();
        let mut told = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let is_gone = deleted.is_some_and(|deleted| deleted.is_valid(row) && deleted.value(row));
            let Some(service) = said(named, row).filter(|_| self.observed.is_valid(row)) else { continue };
            if is_gone || parts.is_valid(row) {
                passed_over.entry(service).or_default().push(row);
                continue;
            }
            let next = services.len();
            let service = *services.entry(service).or_insert(next);
            if service == first_rows.len() {
                first_rows.push(row);
            }
            let component = said(components, row).and_then(|component| places.get(component));
            told.extend(component.map(|component| (service, *component, row)));
        }
        Ok(Found { first_rows, passed_over, ..Found::of(services, agreed.len(), &told) })
    }

    /// What a row says that is known to say when.
    pub(super) fn finding(&self, row: usize) -> Finding<'a> {
        let observed_at = Instant::from_micros(self.observed.value(row));
        Finding {
            teller: self.tellers[row],
            detector: said(self.detectors, row).unwrap_or_default(),
            repository: said(self.repositories, row).unwrap_or_default(),
            kind: self.kinds.said(row),
            says: self.findings.said(row),
            alternative: said(self.alternatives, row),
            version: said(self.versions, row),
            rule_version: self.rule_versions.is_valid(row).then(|| self.rule_versions.value(row)),
            observed_at,
            last_at: instant(self.until, row).unwrap_or(observed_at),
            entity_id: said(self.entities, row).unwrap_or_default(),
            row,
        }
    }

    /// File and line of a finding, or the run.
    pub(super) fn reference(&self, row: usize) -> Option<String> {
        let place = said(self.paths, row).zip(self.lines.is_valid(row).then(|| self.lines.value(row)));
        let place = place.map(|(path, line)| format!("{path}:{line}"));
        place.or_else(|| said(self.paths, row).or_else(|| said(self.runs, row)).map(ToOwned::to_owned))
    }
}
