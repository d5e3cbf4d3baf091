//! Columns of a fixed answer by name, as the values that stories are made of.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use std::collections::BTreeMap;
use waymark_event::Instant;

/// The rows of an answer.
pub(super) struct Told {
    rows: usize,
    columns: BTreeMap<String, ArrayRef>,
}

/// One row of an answer.
#[derive(Clone, Copy)]
pub(super) struct Row<'told> {
    told: &'told Told,
    place: usize,
}

impl Told {
    /// Columns as texts, numbers, truths and instants; a column of another kind is left out.
    pub(super) fn of(batch: &RecordBatch) -> Self {
        let schema = batch.schema();
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let mut columns = BTreeMap::new();
        for (field, column) in schema.fields().iter().zip(batch.columns()) {
            let wanted = match field.data_type() {
                DataType::Boolean => DataType::Boolean,
                DataType::Float64 | DataType::Float32 => DataType::Float64,
                kind if kind.is_integer() => DataType::Int64,
                DataType::Timestamp(..) => instant.clone(),
                _ => DataType::Utf8,
            };
            if let Ok(column) = cast(column, &wanted) {
                columns.insert(field.name().clone(), column);
            }
        }
        Self { rows: batch.num_rows(), columns }
    }

    /// Every row, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows).map(|place| Row { told: self, place })
    }
}

impl Row<'_> {
    fn column(&self, name: &str, kind: impl Fn(&DataType) -> bool) -> Option<&ArrayRef> {
        self.told.columns.get(name).filter(|column| kind(column.data_type()) && column.is_valid(self.place))
    }

    /// A text; null where there is none.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let column = self.column(name, |kind| *kind == DataType::Utf8)?;
        Some(column.as_string::<i32>().value(self.place).to_owned()).filter(|text| !text.is_empty())
    }

    /// A count; 0 where there is none.
    pub(super) fn count(&self, name: &str) -> i64 {
        let column = self.column(name, |kind| *kind == DataType::Int64);
        column.map_or(0, |column| column.as_primitive::<Int64Type>().value(self.place))
    }

    /// A number; null where there is none.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        let column = self.column(name, |kind| *kind == DataType::Float64)?;
        Some(column.as_primitive::<Float64Type>().value(self.place))
    }

    /// Whether something is so; unknown is not so.
    pub(super) fn is(&self, name: &str) -> bool {
        self.column(name, |kind| *kind == DataType::Boolean).is_some_and(|column| column.as_boolean().value(self.place))
    }

    /// An instant; null where there is none.
    pub(super) fn instant(&self, name: &str) -> Option<Instant> {
        let column = self.column(name, |kind| matches!(kind, DataType::Timestamp(..)))?;
        Some(Instant::from_micros(column.as_primitive::<TimestampMicrosecondType>().value(self.place)))
    }
}
