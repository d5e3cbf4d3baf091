//! Which unit a row of a fact belongs to, and in which file of the fact it is kept.

use super::{Fact, Key};
use crate::units::Units;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use datafusion::error::{DataFusionError, Result};
use std::collections::{BTreeMap, BTreeSet};
use waymark_event::{own_subject, shared_subject};
use waymark_lake::DataFile;

/// The beginning of the name of a shard's file.
pub(super) fn stem(shard: u32) -> String {
    format!("shard-{shard:06}")
}

/// The shard to which a file belongs; null for a file of another form.
pub(super) fn shard_of(file: &DataFile) -> Option<u32> {
    file.path.strip_prefix("shard-")?.split('-').next()?.parse().ok()
}

/// The unit of each row; null for a row without a subject, or with one that no statement had.
///
/// No such row is expected. It is left out and logged, because one odd statement must never keep
/// all other facts from being computed.
fn units_of(fact: &Fact, batch: &RecordBatch, units: &Units) -> Result<Vec<Option<u32>>> {
    let mut keys: Vec<(Key, &StringArray)> = Vec::new();
    for key in fact.units {
        let (Key::Subject(column) | Key::Own(column) | Key::Shared(column)) = *key;
        let values = batch.column_by_name(column).and_then(|values| values.as_string_opt::<i32>());
        let values =
            values.ok_or_else(|| DataFusionError::Internal(format!("`{}` has no text column `{column}`", fact.name)))?;
        keys.push((*key, values));
    }
    let subject_of = |row: usize| {
        let told = keys.iter().find(|(_, values)| values.is_valid(row) && !values.value(row).is_empty());
        told.map(|(key, values)| match key {
            Key::Subject(_) => values.value(row).to_owned(),
            Key::Own(_) => own_subject(values.value(row)),
            Key::Shared(_) => shared_subject(values.value(row)),
        })
    };
    let mut last: Option<(Option<String>, Option<u32>)> = None;
    let found = (0..batch.num_rows()).map(|row| {
        let subject = subject_of(row);
        if let Some((known, unit)) = &last
            && *known == subject
        {
            return *unit;
        }
        let unit = subject.as_deref().and_then(|subject| units.known(subject));
        if unit.is_none() {
            tracing::error!(fact.name = fact.name, row.subject = subject, "rows of a fact belong to no unit and are left out");
        }
        last = Some((subject, unit));
        unit
    });
    Ok(found.collect())
}

/// The rows of each shard, in the order that they have.
pub(super) fn by_shard(fact: &Fact, batch: &RecordBatch, units: &Units) -> Result<BTreeMap<u32, RecordBatch>> {
    let mut rows: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, unit) in (0_u32..).zip(units_of(fact, batch, units)?) {
        if let Some(unit) = unit {
            rows.entry(units.shard(unit)).or_default().push(row);
        }
    }
    rows.into_iter().map(|(shard, rows)| Ok((shard, take_record_batch(batch, &UInt32Array::from(rows))?))).collect()
}

/// Which rows of a fact are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chosen<'units> {
    /// Those of these units.
    Of(&'units BTreeSet<u32>),
    /// Those of all other units.
    NotOf(&'units BTreeSet<u32>),
}

/// Only the rows that are wanted.
pub(super) fn chosen(fact: &Fact, batch: &RecordBatch, units: &Units, wanted: Chosen<'_>) -> Result<RecordBatch> {
    let is_wanted = |unit: u32| match wanted {
        Chosen::Of(units) => units.contains(&unit),
        Chosen::NotOf(units) => !units.contains(&unit),
    };
    let mask: BooleanArray = units_of(fact, batch, units)?.into_iter().map(|unit| unit.map(is_wanted)).collect();
    Ok(filter_record_batch(batch, &mask)?)
}
