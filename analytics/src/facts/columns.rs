//! The columns of a batch by the types that a walk expects of them.

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray, UInt32Array,
};
use arrow::datatypes::{ArrowPrimitiveType, TimestampMicrosecondType};
use chrono::NaiveDate;
use datafusion::error::{DataFusionError, Result};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::HashMap;
use waymark_event::Instant;

/// A column of text.
pub(super) fn text<'batch>(batch: &'batch RecordBatch, name: &str) -> Result<&'batch StringArray> {
    column(batch, name)?.as_string_opt().ok_or_else(|| unfit(name))
}

/// A column of text that stands where it was read.
pub(super) fn views<'batch>(batch: &'batch RecordBatch, name: &str) -> Result<&'batch StringViewArray> {
    column(batch, name)?.as_string_view_opt().ok_or_else(|| unfit(name))
}

/// A column of words, and of each row where its word stands. Where rows of several files were joined, a word may
/// stand in several places.
pub(super) struct Words<'batch> {
    /// All words, also those that no row has; the number of each is one of their places.
    pub(super) all: &'batch StringArray,
    places: &'batch UInt32Array,
    /// Of each place the first in which the same word stands; null for no word.
    numbers: Vec<Option<u32>>,
}

impl<'batch> Words<'batch> {
    pub(super) fn of(batch: &'batch RecordBatch, name: &str) -> Result<Self> {
        let column = column(batch, name)?.as_any_dictionary_opt().ok_or_else(|| unfit(name))?;
        let places = column.keys().as_primitive_opt().ok_or_else(|| unfit(name))?;
        let all: &StringArray = column.values().as_string_opt().ok_or_else(|| unfit(name))?;
        let mut first: HashMap<&str, u32, RandomState> = HashMap::default();
        let numbers = all.iter().zip(0..).map(|(word, place)| word.map(|word| *first.entry(word).or_insert(place))).collect();
        Ok(Self { all, places, numbers })
    }

    /// The word of a row; null where there is none.
    pub(super) fn said(&self, row: usize) -> Option<&'batch str> {
        self.number(row).and_then(|number| said(self.all, number as usize))
    }

    /// The number of a row's word, which is that of the same word in other rows; null where there is none.
    pub(super) fn number(&self, row: usize) -> Option<u32> {
        let place = self.places.is_valid(row).then(|| self.places.value(row))?;
        self.numbers.get(place as usize).copied().flatten()
    }

    /// Whether every row has the same word, or none has any.
    pub(super) fn are_one(&self) -> bool {
        let nulls = self.places.null_count();
        nulls == self.places.len() || (nulls == 0 && self.numbers.iter().all(|number| *number == Some(0)))
    }
}

/// A column of lists of text.
pub(super) fn texts<'batch>(batch: &'batch RecordBatch, name: &str) -> Result<&'batch ListArray> {
    column(batch, name)?.as_list_opt().ok_or_else(|| unfit(name))
}

/// A column of instants.
pub(super) fn instants<'batch>(
    batch: &'batch RecordBatch,
    name: &str,
) -> Result<&'batch PrimitiveArray<TimestampMicrosecondType>> {
    numbers(batch, name)
}

/// A column of numbers of one type.
pub(super) fn numbers<'batch, T: ArrowPrimitiveType>(
    batch: &'batch RecordBatch,
    name: &str,
) -> Result<&'batch PrimitiveArray<T>> {
    column(batch, name)?.as_primitive_opt().ok_or_else(|| unfit(name))
}

/// The text of a row; null where there is none.
pub(super) fn said(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// The instant of a row; null where there is none.
pub(super) fn instant(column: &PrimitiveArray<TimestampMicrosecondType>, row: usize) -> Option<Instant> {
    column.is_valid(row).then(|| Instant::from_micros(column.value(row)))
}

/// The texts of a row's list without nulls; null where there is no list.
pub(super) fn listed(column: &ListArray, row: usize) -> Option<impl Iterator<Item = &str>> {
    // The texts of all lists stand one after the other.
    let texts = column.values().as_string_opt::<i32>();
    let end = |place: usize| usize::try_from(column.value_offsets()[place]).unwrap_or_default();
    column.is_valid(row).then(|| (end(row)..end(row + 1)).filter_map(move |place| said(texts?, place)))
}

/// An instant that a row writes as its count. Arrow's builders would otherwise be given text, which takes ten times
/// as long to write and to read again.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Count(pub(super) Instant);

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.micros())
    }
}

/// Writes a day as its number, for the same reason.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields on by reference")]
pub(super) fn count_days<S: Serializer>(day: &NaiveDate, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_i32(day.to_epoch_days())
}

fn column<'batch>(batch: &'batch RecordBatch, name: &str) -> Result<&'batch ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| DataFusionError::Internal(format!("what a walk reads has no column `{name}`")))
}

fn unfit(name: &str) -> DataFusionError {
    DataFusionError::Internal(format!("the column `{name}` has not the type that a walk expects"))
}
