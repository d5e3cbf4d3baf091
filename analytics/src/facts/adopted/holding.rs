//! Gathers on the walk what of its findings is kept for the next refresh.

use super::held::digest;
use super::looks::{Found, Looks};
use super::{FINDINGS, REPEATED, TOLD_UNTIL};
use crate::adoption::{Agreed, Look, Told, held};
use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array, UInt64Array};
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::sync::Arc;

/// What the walk leaves: findings to go on with, and the scans of which anything was told.
pub(super) const LEFT: &[&str] = &["held_findings", "held_scans"];
/// What is read of findings and not kept as it is.
const ANEW: &[&str] = &["entity_id", "component_id", "scan_id", "part_of", "is_deleted"];

/// Gathers on a walk what will be kept.
pub(super) struct Holding<'looks, 'a> {
    looks: &'looks Looks<'a>,
    found: &'looks Found<'a>,
    rows: Vec<u32>,
    components: Vec<&'looks str>,
    entities: Vec<Option<&'a str>>,
    until: Vec<Option<i64>>,
    held_services: HashSet<&'a str, RandomState>,
    /// The service whose scans are being gathered, those of its last component in order, and all of them.
    service: Option<&'a str>,
    last: Vec<Option<u32>>,
    scans: HashSet<u64, RandomState>,
    told_services: Vec<&'a str>,
    told_scans: Vec<u64>,
}

impl<'looks, 'a> Holding<'looks, 'a> {
    pub(super) fn new(looks: &'looks Looks<'a>, found: &'looks Found<'a>) -> Self {
        Self {
            looks,
            found,
            rows: Vec::new(),
            components: Vec::new(),
            entities: Vec::new(),
            until: Vec::new(),
            held_services: HashSet::default(),
            service: None,
            last: Vec::new(),
            scans: HashSet::default(),
            told_services: Vec::new(),
            told_scans: Vec::new(),
        }
    }

    /// Keeps what is needed of a service's findings of one component, which are in order. Services come one after
    /// the other.
    pub(super) fn hold(&mut self, service: &'a str, agreed: &'looks Agreed, in_order: &[Look], told: &[Vec<Told<'a>>]) {
        if self.service != Some(service) {
            self.end_service();
            self.service = Some(service);
        }
        held(in_order, told, &|look| self.looks.finding(look), |finding, is_newest| {
            self.held_services.insert(service);
            self.rows.push(u32::try_from(finding.row).unwrap_or(u32::MAX));
            self.components.push(agreed.component_id.as_str());
            self.entities.push(is_newest.then_some(finding.entity_id));
            self.until.push((finding.last_at != finding.observed_at).then(|| finding.last_at.micros()));
        });
        // Components are mostly looked at together, so most scans are those of the component before.
        for (place, look) in in_order.iter().enumerate() {
            let scan = self.looks.scans.number(look.row as usize);
            match self.last.get_mut(place) {
                Some(known) if *known == scan => continue,
                Some(known) => *known = scan,
                None => self.last.push(scan),
            }
            self.scans.insert(self.digest(look.row as usize));
        }
    }

    fn digest(&self, row: usize) -> u64 {
        digest(self.looks.scans.said(row).unwrap_or_default())
    }

    /// Also of what says nothing it is kept that it was told: taken back, or a part of something else.
    fn end_service(&mut self) {
        if let Some(service) = self.service.take() {
            let passed_over = self.found.passed_over.get(service).into_iter().flatten();
            self.scans.extend(passed_over.filter_map(|row| self.looks.scans.said(*row)).map(digest));
            self.told_services.extend(std::iter::repeat_n(service, self.scans.len()));
            self.told_scans.extend(self.scans.drain());
            self.last.clear();
        }
    }

    /// A service has a status once anything is found of it, also if only of components that nobody describes.
    fn hold_other_services(&mut self) {
        for (service, place) in &self.found.services {
            let row = self.found.first_rows.get(*place).filter(|_| !self.held_services.contains(service));
            let Some(row) = row.copied() else { continue };
            self.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
            self.components.push(self.looks.components.said(row).unwrap_or_default());
            self.entities.push(Some(self.looks.entity(row)));
            self.until.push(None);
        }
    }

    /// The tables that are left.
    pub(super) fn into_batches(mut self) -> Result<Vec<RecordBatch>> {
        self.end_service();
        self.hold_other_services();
        let rows = UInt32Array::from(self.rows);
        let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
        for name in FINDINGS.iter().copied().filter(|name| !ANEW.contains(name)) {
            let Some(column) = self.looks.batch.column_by_name(name) else { continue };
            let column = take(column, &rows, None)?;
            // Units are kept one by one, and a list of words would be kept with each.
            let is_apart = REPEATED.contains(&name);
            columns.push((name, if is_apart { cast(&column, &DataType::Utf8)? } else { with_few_words(&column)? }));
        }
        columns.push(("component_id", Arc::new(StringArray::from(self.components))));
        columns.push(("entity_id", Arc::new(StringArray::from(self.entities))));
        columns.push((TOLD_UNTIL, Arc::new(TimestampMicrosecondArray::from(self.until).with_timezone("UTC"))));
        let scans: [(&str, ArrayRef); 2] = [
            ("service", Arc::new(StringArray::from(self.told_services))),
            ("scan", Arc::new(UInt64Array::from(self.told_scans))),
        ];
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        Ok(vec![RecordBatch::try_from_iter_with_nullable(columns)?, RecordBatch::try_from_iter(scans)?])
    }
}

/// A column with each of its words once, if it holds words by their places: of what is gone on with again and again,
/// the lists of words would grow.
fn with_few_words(column: &ArrayRef) -> Result<ArrayRef> {
    match column.data_type() {
        words @ DataType::Dictionary(_, texts) => Ok(cast(&cast(column, texts)?, words)?),
        _ => Ok(Arc::clone(column)),
    }
}
