//! What was observed of units that were computed a moment ago: what comes next about them is read alone.
//!
//! A pipeline tells of its steps as they come, and a service that is worked on is told of again and again. Kept are
//! statements as they were read, the newest of each entity; whatever may be missed so is read again as a whole.

use super::inputs::size_bytes;
use super::touched::WHOLE;
use crate::units::Units;
use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use datafusion::error::Result;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use waymark_event::Table;

/// What is kept of all units takes no more memory: a dozen services of three years.
const RECENT_BYTES_MAX: u64 = 32 * 1_024 * 1_024;

/// Statements of each table about some units.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    of: HashMap<u32, OfUnit>,
    size_bytes: u64,
    turn: u64,
}

#[derive(Clone, Debug, Default)]
struct OfUnit {
    tables: HashMap<Table, RecordBatch>,
    size_bytes: u64,
    /// The turn in which it was last computed.
    turn: u64,
}

/// What was read of one table about units: the statements of each.
pub(super) type ByUnit = BTreeMap<u32, RecordBatch>;

/// Whether statements of a table are kept: of findings that is done in another way, and others touch no unit.
pub(super) fn is_kept(table: Table) -> bool {
    table != Table::Evidence && !WHOLE.contains(&table)
}

/// Statements by the unit of their subject; nothing where one of them has none, because then it may be about any.
pub(super) fn by_unit(stated: &RecordBatch, wanted: &BTreeSet<u32>, units: &Units) -> Result<Option<ByUnit>> {
    let subjects = stated.column_by_name("subject").and_then(|column| column.as_string_opt::<i32>());
    let Some(subjects) = subjects.filter(|subjects| subjects.null_count() == 0) else { return Ok(None) };
    let mut rows: BTreeMap<u32, Vec<u32>> = wanted.iter().map(|unit| (*unit, Vec::new())).collect();
    let mut last: Option<(&str, u32)> = None;
    for row in 0..stated.num_rows() {
        let subject = subjects.value(row);
        let unit = match last {
            Some((known, unit)) if known == subject => Some(unit),
            _ => units.known(subject),
        };
        let Some((unit, rows)) = unit.and_then(|unit| Some((unit, rows.get_mut(&unit)?))) else { return Ok(None) };
        rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        last = Some((subject, unit));
    }
    let taken = rows.into_iter().map(|(unit, rows)| Ok((unit, take_record_batch(stated, &UInt32Array::from(rows))?)));
    taken.collect::<Result<_>>().map(Some)
}

impl Recent {
    /// What is kept of a unit and a table.
    pub(super) fn rows(&self, unit: u32, table: Table) -> Option<&RecordBatch> {
        self.of.get(&unit)?.tables.get(&table)
    }

    /// Keeps what was read of a table in place of what was kept of it; where it was read in another way, nothing.
    pub(super) fn keep(&mut self, units: &BTreeSet<u32>, table: Table, read: Option<ByUnit>) {
        for unit in units {
            let Some(of_unit) = self.of.get_mut(unit) else { continue };
            let gone = of_unit.tables.remove(&table).map_or(0, |rows| size_bytes(&rows));
            of_unit.size_bytes -= gone;
            self.size_bytes -= gone;
        }
        for (unit, rows) in read.into_iter().flatten() {
            let of_unit = self.of.entry(unit).or_default();
            let come = size_bytes(&rows);
            of_unit.tables.insert(table, rows);
            of_unit.size_bytes += come;
            of_unit.turn = self.turn;
            self.size_bytes += come;
        }
    }

    /// Forgets a unit, of which something may have come that was not read.
    pub(super) fn forget(&mut self, unit: u32) {
        self.size_bytes -= self.of.remove(&unit).map_or(0, |of_unit| of_unit.size_bytes);
    }

    /// After a refresh, forgets units that are no more, and what is too much, the longest unused first.
    pub(super) fn end_turn(&mut self, units: &Units) {
        let gone: Vec<u32> = self.of.keys().copied().filter(|unit| units.members(*unit).is_empty()).collect();
        for unit in gone {
            self.forget(unit);
        }
        let mut order: Vec<(u64, u32)> = self.of.iter().map(|(unit, of_unit)| (of_unit.turn, *unit)).collect();
        order.sort_unstable();
        let mut oldest = order.into_iter();
        while self.size_bytes > RECENT_BYTES_MAX
            && let Some((_, unit)) = oldest.next()
        {
            self.forget(unit);
        }
        self.turn += 1;
    }
}
