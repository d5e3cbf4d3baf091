//! The columns of a batch by the types that a walk expects of them.

use arrow::array::{Array, ArrayRef, AsArray, ListArray, PrimitiveArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{ArrowPrimitiveType, TimestampMicrosecondType};
use datafusion::error::{DataFusionError, Result};
use waymark_event::Instant;

/// A column of text.
pub(super) fn text<'batch>(batch: &'batch RecordBatch, name: &str) -> Result<&'batch StringArray> {
    column(batch, name)?.as_string_opt().ok_or_else(|| unfit(name))
}

/// A column of words from a fixed list, each of them kept once.
pub(super) struct Words<'batch> {
    words: &'batch StringArray,
    places: &'batch UInt32Array,
}

impl<'batch> Words<'batch> {
    pub(super) fn of(batch: &'batch RecordBatch, name: &str) -> Result<Self> {
        let column = column(batch, name)?.as_any_dictionary_opt().ok_or_else(|| unfit(name))?;
        let places = column.keys().as_primitive_opt().ok_or_else(|| unfit(name))?;
        Ok(Self { words: column.values().as_string_opt().ok_or_else(|| unfit(name))?, places })
    }

    /// The word of a row; empty where there is none.
    pub(super) fn said(&self, row: usize) -> &'batch str {
        let place = self.places.is_valid(row).then(|| usize::try_from(self.places.value(row)).ok()).flatten();
        place.and_then(|place| said(self.words, place)).unwrap_or_default()
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
pub(super) fn listed(column: &ListArray, row: usize) -> Option<Vec<String>> {
    column.is_valid(row).then(|| {
        let list = column.value(row);
        list.as_string_opt::<i32>().map(|texts| texts.iter().flatten().map(ToOwned::to_owned).collect()).unwrap_or_default()
    })
}

fn column<'batch>(batch: &'batch RecordBatch, name: &str) -> Result<&'batch ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| DataFusionError::Internal(format!("what a walk reads has no column `{name}`")))
}

fn unfit(name: &str) -> DataFusionError {
    DataFusionError::Internal(format!("the column `{name}` has not the type that a walk expects"))
}
