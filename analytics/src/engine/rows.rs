//! The result shape of a metric's SQL, column by column, as cells.

use crate::catalogue::Metric;
use crate::error::AnalyticsError;
use crate::series::Cell;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use waymark_event::Instant;

/// Reads every row of a batch; a missing or mistyped column is an error of the metric.
pub(super) fn read_cells(metric: &Metric, batch: &RecordBatch, cells: &mut Vec<Cell>) -> Result<(), AnalyticsError> {
    let shape = |column: &'static str| AnalyticsError::Shape { metric: metric.id.to_owned(), column };
    let column = |name: &'static str, data_type: &DataType| -> Result<ArrayRef, AnalyticsError> {
        let found = batch.column_by_name(name).ok_or_else(|| shape(name))?;
        cast(found, data_type).map_err(|_| shape(name))
    };
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let (statistic, scope_kind, scope) =
        (column("statistic", &DataType::Utf8)?, column("scope_kind", &DataType::Utf8)?, column("scope", &DataType::Utf8)?);
    let (start, end) = (column("period_start", &instant)?, column("period_end", &instant)?);
    let number = |name: &'static str| column(name, &DataType::Float64);
    let (value, low, high) = (number("value")?, number("low")?, number("high")?);
    let (numerator, denominator, coverage) = (number("numerator")?, number("denominator")?, number("coverage")?);
    let sample_size = column("sample_size", &DataType::Int64)?;
    let is_partial = column("is_partial", &DataType::Boolean)?;
    let text = |array: &ArrayRef, row: usize| array.as_string::<i32>().value(row).to_owned();
    let at = |array: &ArrayRef, row: usize| Instant::from_micros(array.as_primitive::<TimestampMicrosecondType>().value(row));
    let float = |array: &ArrayRef, row: usize| array.is_valid(row).then(|| array.as_primitive::<Float64Type>().value(row));
    for row in 0..batch.num_rows() {
        cells.push(Cell {
            statistic: text(&statistic, row),
            scope_kind: text(&scope_kind, row),
            scope: text(&scope, row),
            period_start: at(&start, row),
            period_end: at(&end, row),
            value: float(&value, row),
            low: float(&low, row),
            high: float(&high, row),
            sample_size: sample_size.is_valid(row).then(|| sample_size.as_primitive::<Int64Type>().value(row)),
            numerator: float(&numerator, row),
            denominator: float(&denominator, row),
            coverage: float(&coverage, row),
            is_partial: is_partial.is_valid(row) && is_partial.as_boolean().value(row),
        });
    }
    Ok(())
}
