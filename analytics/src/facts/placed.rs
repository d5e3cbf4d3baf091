//! Which unit a row of a fact belongs to, and in which file of the fact it is kept.
//!
//! A file holds the rows of one shard and one span of time, so that what is new touches the newest
//! files only: rows of a history are kept by their end, because what still goes on is what changes. A digest
//! of each unit's rows tells whether a file has to be written at all.

use super::{Fact, Key};
use crate::units::Units;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use arrow::row::{RowConverter, SortField};
use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use datafusion::common::hash_utils::{QualityRandomState, create_hashes};
use datafusion::error::{DataFusionError, Result};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use twox_hash::XxHash64;
use waymark_event::{Instant, own_subject, shared_subject};
use waymark_lake::DataFile;

/// The columns that say when a row was over or happened; a fact is cut by the first that it has.
const HAPPENED: &[&str] = &[ENDED, "day", "deployed_at", "committed_at"];
/// A history's rows hold until then.
const ENDED: &str = "valid_to";
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Rows whose lists are looked at together: a copy of all of them would be as large as the column.
const ROWS_AT_ONCE: usize = 8_192;
/// An odd number of many bits, by which columns are told apart in a digest.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The rows of a fact that one file holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub(super) shard: u32,
    /// `2024`, `2026q3`, `until2025` of a history, or `undated`.
    pub(super) span: String,
}

impl Piece {
    /// The piece that holds rows of no time.
    pub(super) fn undated(shard: u32) -> Self {
        Self { shard, span: "undated".to_owned() }
    }

    /// The piece that a file holds; null for a file of another form.
    pub(super) fn of(file: &DataFile) -> Option<Self> {
        let mut parts = file.path.strip_prefix("shard-")?.split('-');
        Some(Self { shard: parts.next()?.parse().ok()?, span: parts.next()?.to_owned() })
    }

    /// The beginning of the name of its file.
    pub(super) fn stem(&self) -> String {
        format!("shard-{:06}-{}", self.shard, self.span)
    }

    /// The first and the last day of its span; null where rows of any time may be in it.
    fn days(&self) -> Option<(NaiveDate, NaiveDate)> {
        let (year, quarter) = match self.span.split_once('q') {
            Some((year, quarter)) => (year, Some(quarter.parse::<u32>().ok()?)),
            None => (self.span.as_str(), None),
        };
        // What is older than time itself stands with the first year.
        let year: i32 = year.parse().ok().filter(|year| *year > 0)?;
        let first_month = quarter.map_or(1, |quarter| 3 * quarter.saturating_sub(1) + 1);
        let first = NaiveDate::from_ymd_opt(year, first_month, 1)?;
        let next = first.checked_add_months(Months::new(if quarter.is_some() { 3 } else { 12 }))?;
        Some((first, next.pred_opt()?))
    }
}

/// The first and the last day on which rows of a fact's file can have happened, by its name; null where
/// that does not say.
pub(crate) fn days_of(file: &DataFile) -> Option<(NaiveDate, NaiveDate)> {
    Piece::of(file)?.days()
}

/// How the time of rows is cut: this year by quarter, what is older and the ends of histories by year. Finer
/// pieces would make refreshes cheaper, and every commit and question dearer, because both look at each file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    first_cut_finely: i32,
}

impl Spans {
    pub(super) fn at(as_of: Instant) -> Self {
        Self { first_cut_finely: as_of.to_utc().year() }
    }

    fn name(self, day: Option<NaiveDate>) -> String {
        match day {
            None => "undated".to_owned(),
            Some(day) if day.year() < self.first_cut_finely => format!("{:04}", day.year().max(0)),
            Some(day) => format!("{:04}q{}", day.year(), day.month0() / 3 + 1),
        }
    }

    /// The same of a history's rows by their end, which says nothing about the days on which they began.
    fn until(day: Option<NaiveDate>) -> String {
        day.map_or_else(|| "undated".to_owned(), |day| format!("until{:04}", day.year().max(0)))
    }
}

/// The days since 1970 on which the rows of a batch happened or were over.
fn days(batch: &RecordBatch) -> Vec<Option<i64>> {
    let column = HAPPENED.iter().find_map(|name| batch.column_by_name(name));
    let found: Option<Vec<Option<i64>>> = column.and_then(|column| {
        if column.data_type() == &DataType::Date32 {
            let days = column.as_primitive_opt::<Date32Type>()?;
            Some(days.iter().map(|day| day.map(i64::from)).collect())
        } else {
            let instants = column.as_primitive_opt::<TimestampMicrosecondType>()?;
            Some(instants.iter().map(|micros| micros.map(|micros| micros.div_euclid(MICROS_PER_DAY))).collect())
        }
    });
    found.unwrap_or_else(|| vec![None; batch.num_rows()])
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
    let mut known: HashMap<Option<(usize, &str)>, Option<u32>, RandomState> = HashMap::default();
    let unit_of = |row: usize| {
        let key = keys.iter().position(|(_, values)| values.is_valid(row) && !values.value(row).is_empty());
        let told = key.map(|key| (key, keys[key].1.value(row)));
        *known.entry(told).or_insert_with(|| {
            let unit = told.and_then(|(key, value)| match keys[key].0 {
                Key::Subject(_) => units.known(value),
                Key::Own(_) => units.known(&own_subject(value)),
                Key::Shared(_) => units.known(&shared_subject(value)),
            });
            if unit.is_none() {
                let value = told.map(|(_, value)| value);
                tracing::error!(fact.name = fact.name, row.of = value, "rows of a fact belong to no unit and are left out");
            }
            unit
        })
    };
    Ok((0..batch.num_rows()).map(unit_of).collect())
}

/// Rows of a fact, and which of them each piece gets.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) rows: RecordBatch,
    /// The places of a piece's rows, and what they amount to.
    pub(super) pieces: BTreeMap<Piece, (Vec<u32>, Digests)>,
}

impl Placed {
    pub(super) fn new(fact: &Fact, rows: RecordBatch, units: &Units, spans: Spans) -> Result<Self> {
        let of_units = units_of(fact, &rows, units)?;
        let is_history = rows.column_by_name(ENDED).is_some();
        let mut pieces: BTreeMap<(u32, Option<i64>), (Vec<u32>, Digests)> = BTreeMap::new();
        let told = (0_u32..).zip(of_units).zip(days(&rows)).zip(row_digests(&rows)?);
        for (((row, unit), day), digest) in told {
            let Some(unit) = unit else { continue };
            let (of_piece, digests) = pieces.entry((units.shard(unit), day)).or_default();
            of_piece.push(row);
            digests.count(unit, digest);
        }
        let mut placed = Self { rows, pieces: BTreeMap::new() };
        for ((shard, day), (mut of_day, digests)) in pieces {
            let day = day.and_then(|day| NaiveDate::default().checked_add_signed(TimeDelta::try_days(day)?));
            let span = if is_history { Spans::until(day) } else { spans.name(day) };
            let (all, sum) = placed.pieces.entry(Piece { shard, span }).or_default();
            all.append(&mut of_day);
            sum.add(digests);
        }
        Ok(placed)
    }
}

/// A digest of each row over all of its columns. Noted in files, so it is the same in every process; where a
/// library that is newer takes it otherwise, files are written once more.
fn row_digests(batch: &RecordBatch) -> Result<Vec<u64>> {
    let state = QualityRandomState::with_seed(0);
    let mut digests = vec![0_u64; batch.num_rows()];
    let mut hashes = vec![0; batch.num_rows()];
    for column in batch.columns() {
        hashes.fill(0);
        if column.data_type().is_nested() {
            nested_hashes(column, &mut hashes)?;
        } else {
            create_hashes([column], &state, &mut hashes)?;
        }
        for (digest, hash) in digests.iter_mut().zip(&hashes) {
            // A value that moves to another column is another row.
            *digest = digest.rotate_left(25).wrapping_add(*hash).wrapping_mul(ODD);
        }
    }
    // Digests of rows are added up, so each has to depend on all bits of what its columns came to.
    Ok(digests.into_iter().map(|digest| XxHash64::oneshot(0, &digest.to_le_bytes())).collect())
}

/// Hashes of lists, by their bytes as rows: hashing them by value takes none for an empty one.
fn nested_hashes(column: &ArrayRef, hashes: &mut [u64]) -> Result<()> {
    let converter = RowConverter::new(vec![SortField::new(column.data_type().clone())])?;
    let mut rows = converter.empty_rows(0, 0);
    for (hashes, begin) in hashes.chunks_mut(ROWS_AT_ONCE).zip((0..).step_by(ROWS_AT_ONCE)) {
        rows.clear();
        converter.append(&mut rows, &[column.slice(begin, hashes.len())])?;
        for (hash, row) in hashes.iter_mut().zip(rows.iter()) {
            *hash = XxHash64::oneshot(0, row.as_ref());
        }
    }
    Ok(())
}

/// What the rows of each unit amount to, whatever their order: equal rows have equal digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digests(pub(super) BTreeMap<u32, u64>);

impl Digests {
    pub(super) fn of(fact: &Fact, batch: &RecordBatch, units: &Units) -> Result<Self> {
        let mut digests = Self::default();
        for (unit, digest) in units_of(fact, batch, units)?.into_iter().zip(row_digests(batch)?) {
            if let Some(unit) = unit {
                digests.count(unit, digest);
            }
        }
        Ok(digests)
    }

    fn count(&mut self, unit: u32, digest: u64) {
        let own: &mut u64 = self.0.entry(unit).or_default();
        *own = own.wrapping_add(digest);
    }

    /// Takes in the digests of further rows.
    pub(super) fn add(&mut self, others: Self) {
        for (unit, digest) in others.0 {
            self.count(unit, digest);
        }
    }

    /// The digests of the units that are kept, and those of all others.
    pub(super) fn split(self, is_kept: impl Fn(u32) -> bool) -> (Self, Self) {
        let (kept, others) = self.0.into_iter().partition(|(unit, _)| is_kept(*unit));
        (Self(kept), Self(others))
    }

    /// The digests as a file's footer notes them.
    pub(super) fn note(&self) -> String {
        self.0.iter().map(|(unit, digest)| format!("{unit}:{digest:x}")).collect::<Vec<_>>().join(",")
    }

    /// The digests that a footer notes; none where it notes nothing that can be read.
    pub(super) fn noted(note: &str) -> Option<Self> {
        let parts = note.split(',').filter(|part| !part.is_empty());
        let read = parts.map(|part| {
            let (unit, digest) = part.split_once(':')?;
            Some((unit.parse().ok()?, u64::from_str_radix(digest, 16).ok()?))
        });
        read.collect::<Option<_>>().map(Self)
    }
}

/// The places of the rows of these units.
pub(super) fn places_of(fact: &Fact, batch: &RecordBatch, units: &Units, wanted: &BTreeSet<u32>) -> Result<Vec<u32>> {
    let told = (0_u32..).zip(units_of(fact, batch, units)?);
    Ok(told.filter(|(_, unit)| unit.is_some_and(|unit| wanted.contains(&unit))).map(|(row, _)| row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Int64Array, ListBuilder, StringBuilder};
    use std::sync::Arc;

    #[test]
    fn rows_of_this_year_are_cut_by_quarter_and_older_ones_by_year() {
        let spans = Spans::at(Instant::parse("2026-08-01T00:00:00Z").unwrap());
        let name = |text: &str| spans.name(Some(text.parse().unwrap()));
        assert_eq!(name("2026-07-31"), "2026q3");
        assert_eq!(name("2026-01-01"), "2026q1");
        assert_eq!(name("2025-12-31"), "2025");
        assert_eq!(name("-0400-01-01"), "0000");
        assert_eq!(spans.name(None), "undated");
        assert_eq!(Spans::until("2026-07-31".parse().ok()), "until2026");
        assert_eq!(Spans::until(None), "undated", "what still goes on");
    }

    #[test]
    fn a_span_holds_the_days_that_are_put_there() {
        let spans = Spans::at(Instant::parse("2026-08-01T00:00:00Z").unwrap());
        for text in ["2026-07-01", "2026-09-30", "2026-12-31", "2024-02-29", "2024-12-31"] {
            let day: NaiveDate = text.parse().unwrap();
            let (first, last) = Piece { shard: 0, span: spans.name(Some(day)) }.days().unwrap();
            assert!(first <= day && day <= last, "{text} is not from {first} to {last}");
        }
        for span in ["undated", "0000", "2026q5", "q1", "until2026"] {
            assert_eq!(Piece { shard: 0, span: span.to_owned() }.days(), None, "{span}");
        }
    }

    #[test]
    fn a_file_names_its_piece() {
        let piece = Piece { shard: 12, span: "2026q3".to_owned() };
        let file = DataFile { path: format!("{}-0f.snappy.parquet", piece.stem()), size_bytes: 1, rows: 1 };
        assert_eq!(Piece::of(&file), Some(piece));
        assert_eq!(Piece::of(&DataFile { path: "part-1.parquet".to_owned(), size_bytes: 1, rows: 1 }), None);
    }

    #[test]
    fn rows_that_differ_have_digests_that_differ() {
        let row = |begun: Option<i64>, ended: Option<i64>, is_left: Option<bool>, words: Option<Vec<Option<&str>>>| {
            let mut lists = ListBuilder::new(StringBuilder::new());
            match words {
                Some(words) => {
                    for word in words {
                        lists.values().append_option(word);
                    }
                    lists.append(true);
                }
                None => lists.append(false),
            }
            let columns: [(&str, ArrayRef); 4] = [
                ("begun", Arc::new(Int64Array::from(vec![begun]))),
                ("ended", Arc::new(Int64Array::from(vec![ended]))),
                ("is_left", Arc::new(BooleanArray::from(vec![is_left]))),
                ("words", Arc::new(lists.finish())),
            ];
            RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
        };
        let rows = [
            row(Some(7), None, None, None),
            row(None, Some(7), None, None),
            row(None, None, Some(false), None),
            row(None, None, None, None),
            row(None, None, None, Some(vec![])),
            row(None, None, None, Some(vec![None])),
            row(None, None, None, Some(vec![Some("")])),
            row(None, None, None, Some(vec![Some("a"), None])),
            row(None, None, None, Some(vec![Some("a")])),
        ];
        let digests: BTreeSet<u64> = rows.iter().map(|row| row_digests(row).unwrap()[0]).collect();
        assert_eq!(digests.len(), rows.len());
        let together = arrow::compute::concat_batches(&rows[0].schema(), &rows).unwrap();
        assert_eq!(
            row_digests(&together).unwrap().into_iter().collect::<BTreeSet<_>>(),
            digests,
            "others beside it do not matter"
        );
    }

    #[test]
    fn digests_survive_their_note() {
        let digests = Digests(BTreeMap::from([(3, 0), (7, u64::MAX)]));
        assert_eq!(Digests::noted(&digests.note()), Some(digests));
        assert_eq!(Digests::noted(""), Some(Digests::default()));
        assert_eq!(Digests::noted("3"), None);
    }
}
