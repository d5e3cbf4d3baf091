//! The order in which rows of a table stand within a file.
//!
//! Statements about one subject stand together, because they are read together.

use crate::footers::SUBJECT;
use arrow::array::{ArrayRef, DynComparator, RecordBatch, make_comparator};
use arrow::compute::SortOptions;
use arrow::error::ArrowError;
use std::cmp::Ordering;

/// The columns by which the rows of a table are sorted within a file.
pub(crate) fn order_of(table: &str) -> &'static [&'static str] {
    if table.starts_with("observed/") { &[SUBJECT, "entity_id"] } else { &["received_at", "delivery_id"] }
}

/// The chosen rows, or all, in the order in which a table keeps them; columns that are absent are passed over.
pub(crate) fn in_order(table: &str, rows: &RecordBatch, chosen: Option<Vec<u32>>) -> Result<Vec<u32>, ArrowError> {
    let mut places = chosen.unwrap_or_else(|| (0..u32::try_from(rows.num_rows()).unwrap_or(u32::MAX)).collect());
    let columns = order_of(table).iter().filter_map(|name| rows.column_by_name(name));
    let comparators: Vec<DynComparator> = columns.map(ascending).collect::<Result<_, _>>()?;
    // Rows of several files are as many sorted stretches, which a stable sort only merges.
    places.sort_by(|left, right| compared(&comparators, *left as usize, *right as usize));
    Ok(places)
}

/// Compares two rows of a column; what is not there comes last.
pub(crate) fn ascending(column: &ArrayRef) -> Result<DynComparator, ArrowError> {
    make_comparator(column, column, SortOptions { descending: false, nulls_first: false })
}

/// Two rows by the first comparison in which they differ.
pub(crate) fn compared(by: &[DynComparator], row: usize, with: usize) -> Ordering {
    by.iter().map(|compare| compare(row, with)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
