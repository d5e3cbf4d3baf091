//! Findings as the walk reads them: who says what of which service and component, and when.

use super::TOLD_UNTIL;
use crate::adoption::{Agreed, Finding, Look};
use crate::facts::columns::{Words, instant, instants, numbers, said, text, views};
use crate::facts::walks::Given;
use arrow::array::{
    Array, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Int32Type, Int64Type};
use datafusion::error::Result;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hash::Hash;
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

/// What each repository is called now, by the number of the name under which it is told.
fn called<'a>(repositories: &Words<'a>, names: &'a [RecordBatch]) -> Result<Vec<Option<&'a str>>> {
    let mut newest: HashMap<&str, &str, RandomState> = HashMap::default();
    for batch in names {
        let (former, now) = (text(batch, "name")?, text(batch, "repository")?);
        newest.extend((0..batch.num_rows()).filter_map(|row| said(former, row).zip(said(now, row))));
    }
    Ok(repositories.all.iter().map(|name| name.map(|name| newest.get(name).copied().unwrap_or(name))).collect())
}

/// A number for each row: the same where the key is the same.
fn numbered<Key: Copy + Eq + Hash>(rows: usize, key: impl Fn(usize) -> Key) -> Vec<u32> {
    let mut known: HashMap<Key, u32, RandomState> = HashMap::default();
    let mut last = None;
    let number = |row| {
        let key = key(row);
        // Neighbours mostly have the same.
        match last {
            Some((before, number)) if before == key => number,
            _ => {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                let number = *known.entry(key).or_insert(next);
                last = Some((key, number));
                number
            }
        }
    };
    (0..rows).map(number).collect()
}

/// Where the findings of each service and component stand.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// The place of each service of which anything was found.
    pub(super) services: HashMap<&'a str, usize, RandomState>,
    components: usize,
    /// Rows by service and component, and where those of each begin and end.
    rows: Vec<u32>,
    ends: Vec<usize>,
    /// A row about each service, by its place.
    pub(super) first_rows: Vec<usize>,
    /// Rows about a service that say nothing: taken back, or a part of something else.
    pub(super) passed_over: HashMap<&'a str, Vec<usize>, RandomState>,
}

impl<'a> Found<'a> {
    /// Rows by the place of their service and component, where somebody describes it.
    fn of(services: HashMap<&'a str, usize, RandomState>, components: usize, placed: &[(u32, u32)]) -> Self {
        let mut ends = vec![0; services.len() * components];
        for (place, _) in placed {
            ends[*place as usize] += 1;
        }
        let mut begin = 0;
        for end in &mut ends {
            begin += std::mem::replace(end, begin);
        }
        let mut rows = vec![0; placed.len()];
        for (place, row) in placed {
            let end = &mut ends[*place as usize];
            rows[*end] = *row;
            *end += 1;
        }
        Self { services, components, rows, ends, ..Self::default() }
    }

    /// The rows of one service and component.
    pub(super) fn rows(&self, service: &str, component: usize) -> &[u32] {
        let Some(service) = self.services.get(service) else { return &[] };
        let place = service * self.components + component;
        let begin = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.rows[begin..self.ends[place]]
    }
}

/// The columns of findings.
pub(super) struct Looks<'a> {
    pub(super) batch: &'a RecordBatch,
    entities: &'a StringViewArray,
    pub(super) components: Words<'a>,
    detectors: Words<'a>,
    repositories: Words<'a>,
    /// What the repository of each number is called now.
    called: Vec<Option<&'a str>>,
    tellers: Vec<u32>,
    kinds: Words<'a>,
    findings: Words<'a>,
    alternatives: Words<'a>,
    versions: Words<'a>,
    rule_versions: &'a Int32Array,
    sayings: Vec<u32>,
    observed: &'a TimestampMicrosecondArray,
    /// Until when the same was told, where looks are left out.
    until: &'a TimestampMicrosecondArray,
    pub(super) scans: Words<'a>,
    paths: &'a StringArray,
    lines: &'a Int64Array,
    runs: &'a StringArray,
    pub(super) shas: &'a StringArray,
    pub(super) urls: &'a StringArray,
}

impl<'a> Looks<'a> {
    /// Findings, and what repositories that were renamed are called now.
    pub(super) fn over(batch: &'a RecordBatch, names: &'a [RecordBatch]) -> Result<Self> {
        let repositories = Words::of(batch, "repository")?;
        let called = called(&repositories, names)?;
        let mut looks = Self {
            batch,
            entities: views(batch, "entity_id")?,
            components: Words::of(batch, "component_id")?,
            detectors: Words::of(batch, "detector")?,
            repositories,
            called,
            tellers: Vec::new(),
            kinds: Words::of(batch, "kind")?,
            findings: Words::of(batch, "finding")?,
            alternatives: Words::of(batch, "alternative")?,
            versions: Words::of(batch, "version")?,
            rule_versions: numbers::<Int32Type>(batch, "rule_version")?,
            sayings: Vec::new(),
            observed: instants(batch, "observed_at")?,
            until: instants(batch, TOLD_UNTIL)?,
            scans: Words::of(batch, "scan_id")?,
            paths: text(batch, "path")?,
            lines: numbers::<Int64Type>(batch, "line")?,
            runs: text(batch, "run")?,
            shas: text(batch, "sha")?,
            urls: text(batch, "url")?,
        };
        let rows = batch.num_rows();
        let is_one_teller = looks.detectors.are_one() && looks.repositories.are_one();
        looks.tellers = if is_one_teller { vec![0; rows] } else { numbered(rows, |row| looks.teller(row)) };
        looks.sayings = numbered(rows, |row| {
            let (alternative, version) = (looks.alternatives.number(row), looks.versions.number(row));
            (looks.findings.number(row), looks.kinds.number(row), looks.rule_version(row), alternative, version)
        });
        Ok(looks)
    }

    /// A component that was renamed is found under its former names; of one that nobody describes only
    /// the service is known.
    pub(super) fn found(&self, given: &Given, agreed: &[Agreed]) -> Result<Found<'a>> {
        let components = agreed.iter().map(|agreed| agreed.component_id.as_str());
        let places = places_of(components, given.rows("component_names"))?;
        let component_of: Vec<Option<usize>> =
            self.components.all.iter().map(|component| places.get(component?).copied()).collect();
        let (named, parts) = (Words::of(self.batch, "service_hint")?, Words::of(self.batch, "part_of")?);
        let deleted = self.batch.column_by_name("is_deleted").and_then(|column| column.as_boolean_opt());
        let mut services: HashMap<&str, usize, RandomState> = HashMap::default();
        let mut service_of: Vec<Option<usize>> = vec![None; named.all.len()];
        let mut passed_over: HashMap<&str, Vec<usize>, RandomState> = HashMap::default();
        let mut first_rows = Vec::new();
        let mut told = Vec::with_capacity(self.batch.num_rows());
        for row in 0..self.batch.num_rows() {
            let is_gone = deleted.is_some_and(|deleted| deleted.is_valid(row) && deleted.value(row));
            let Some(number) = named.number(row).filter(|_| self.observed.is_valid(row)) else { continue };
            if is_gone || parts.number(row).is_some() {
                passed_over.entry(named.said(row).unwrap_or_default()).or_default().push(row);
                continue;
            }
            let service = *service_of[number as usize].get_or_insert_with(|| {
                services.insert(named.said(row).unwrap_or_default(), first_rows.len());
                first_rows.push(row);
                first_rows.len() - 1
            });
            if let Some(component) = self.components.number(row).and_then(|number| component_of[number as usize]) {
                let place = service * agreed.len() + component;
                told.push((u32::try_from(place).unwrap_or(u32::MAX), u32::try_from(row).unwrap_or(u32::MAX)));
            }
        }
        Ok(Found { first_rows, passed_over, ..Found::of(services, agreed.len(), &told) })
    }

    /// What decides the place of a finding that is known to say when.
    pub(super) fn look(&self, row: u32) -> Look {
        let place = row as usize;
        let observed_at = Instant::from_micros(self.observed.value(place));
        Look {
            teller: self.tellers[place],
            says: self.sayings[place],
            observed_at,
            last_at: instant(self.until, place).unwrap_or(observed_at),
            row,
        }
    }

    /// What a look saw.
    pub(super) fn finding(&self, look: &Look) -> Finding<'a> {
        let row = look.row as usize;
        let (detector, repository) = self.teller(row);
        Finding {
            detector,
            repository,
            kind: self.kinds.said(row).unwrap_or_default(),
            says: self.findings.said(row).unwrap_or_default(),
            alternative: self.alternatives.said(row),
            version: self.versions.said(row),
            rule_version: self.rule_version(row),
            observed_at: look.observed_at,
            last_at: look.last_at,
            entity_id: self.entity(row),
            row,
        }
    }

    pub(super) fn entity(&self, row: usize) -> &'a str {
        if self.entities.is_valid(row) { self.entities.value(row) } else { "" }
    }

    fn teller(&self, row: usize) -> (&'a str, &'a str) {
        let repository = self.repositories.number(row).and_then(|number| self.called.get(number as usize).copied().flatten());
        (self.detectors.said(row).unwrap_or_default(), repository.unwrap_or_default())
    }

    fn rule_version(&self, row: usize) -> Option<i32> {
        self.rule_versions.is_valid(row).then(|| self.rule_versions.value(row))
    }

    /// File and line of a finding, or the run.
    pub(super) fn reference(&self, row: usize) -> Option<String> {
        let place = said(self.paths, row).zip(self.lines.is_valid(row).then(|| self.lines.value(row)));
        let place = place.map(|(path, line)| format!("{path}:{line}"));
        place.or_else(|| said(self.paths, row).or_else(|| said(self.runs, row)).map(ToOwned::to_owned))
    }
}
