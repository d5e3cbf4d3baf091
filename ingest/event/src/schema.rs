//! Arrow schemas of observations, and the way from records to record batches.
//!
//! Schemas are traced from the record types, so a field is declared once. Names decide the
//! temporal types: `…_at`, `…_since`, `valid_from` and `valid_to` are instants (microseconds, UTC), `day` and `…_on` are
//! calendar days.

use crate::observation::{Head, Observation, Table, record_columns, record_fields};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};
use serde_arrow::ArrayBuilder;
use serde_arrow::schema::{SchemaLike, TracingOptions};
use std::sync::Arc;

/// Why records did not become columns.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The columns of a record type could not be derived.
    #[error("failed to derive the columns of `{table}`")]
    Trace {
        /// The table concerned.
        table: String,
        /// What made it fail.
        #[source]
        cause: Box<serde_arrow::Error>,
    },
    /// Records could not be written as columns.
    #[error("failed to write {rows} rows of `{table}` as columns")]
    Write {
        /// The table concerned.
        table: String,
        /// How many rows there were.
        rows: usize,
        /// What made it fail.
        #[source]
        cause: Box<serde_arrow::Error>,
    },
    /// Columns could not be joined to a batch.
    #[error("failed to join the columns of `{table}`")]
    Join {
        /// The table concerned.
        table: String,
        /// What made it fail.
        #[source]
        cause: arrow::error::ArrowError,
    },
}

/// The schema of an observation table: the common head, then the columns of its record.
///
/// # Errors
/// `Trace` when a record type has no columnar form.
pub fn observation_schema(table: Table) -> Result<SchemaRef, SchemaError> {
    let mut fields = schema_of::<Head>(table.name())?;
    fields.extend(record_fields(table)?);
    Ok(Arc::new(Schema::new(fields)))
}

/// The observations that belong to `table` as one batch; others are left out.
///
/// # Errors
/// `Write` or `Join` when a record does not fit the schema.
pub fn observation_batch(table: Table, observations: &[Observation]) -> Result<RecordBatch, SchemaError> {
    let chosen: Vec<&Observation> = observations.iter().filter(|observation| observation.table() == table).collect();
    let heads: Vec<&Head> = chosen.iter().map(|observation| &observation.head).collect();
    let head = record_batch(&heads, table.name())?;
    let record = record_columns(table, &chosen)?;
    let mut columns = head.columns().to_vec();
    columns.extend_from_slice(record.columns());
    let schema = observation_schema(table)?;
    RecordBatch::try_new(schema, columns).map_err(|cause| SchemaError::Join { table: table.name().to_owned(), cause })
}

/// The columns of a record type, with the temporal types that its names ask for.
///
/// # Errors
/// `Trace` when the type has no columnar form.
pub fn schema_of<'de, T: Deserialize<'de>>(table: &str) -> Result<Vec<FieldRef>, SchemaError> {
    let options = TracingOptions::default()
        .allow_null_fields(true)
        .map_as_struct(false)
        .strings_as_large_utf8(false)
        .sequence_as_large_list(false)
        .enums_without_data_as_strings(true)
        .from_type_budget(1_000);
    let fields = <Vec<FieldRef>>::from_type::<T>(options)
        .map_err(|cause| SchemaError::Trace { table: table.to_owned(), cause: Box::new(cause) })?;
    Ok(fields.iter().map(|field| Arc::new(with_temporal_type(field))).collect())
}

/// Records of one type as one batch.
///
/// # Errors
/// `Trace`, or `Write` when a record does not fit its own schema.
pub fn record_batch<'de, T: Serialize + Columnar<'de>>(records: &[T], table: &str) -> Result<RecordBatch, SchemaError> {
    let mut rows = BatchBuilder::over(&T::fields(table)?, table)?;
    records.iter().try_for_each(|record| rows.push(record))?;
    rows.finish()
}

/// Rows that become one batch. Each is written as it comes, so that none waits in memory for the others.
#[derive(Debug)]
pub struct BatchBuilder {
    table: String,
    columns: ArrayBuilder,
    rows: usize,
}

impl BatchBuilder {
    /// No rows yet, of these columns.
    ///
    /// # Errors
    /// `Write` when a column has a type that rows cannot have.
    pub fn over(fields: &[FieldRef], table: &str) -> Result<Self, SchemaError> {
        let refused = |cause| SchemaError::Write { table: table.to_owned(), rows: 0, cause: Box::new(cause) };
        let columns = ArrayBuilder::from_arrow(fields).map_err(refused)?;
        Ok(Self { table: table.to_owned(), columns, rows: 0 })
    }

    /// Writes one more row.
    ///
    /// # Errors
    /// `Write` when it does not fit the columns.
    pub fn push(&mut self, row: &impl Serialize) -> Result<(), SchemaError> {
        self.rows += 1;
        self.columns.push(row).map_err(|cause| self.failed(cause))
    }

    /// All rows.
    ///
    /// # Errors
    /// `Write` when they do not make a batch.
    pub fn finish(mut self) -> Result<RecordBatch, SchemaError> {
        self.columns.to_record_batch().map_err(|cause| self.failed(cause))
    }

    fn failed(&self, cause: serde_arrow::Error) -> SchemaError {
        SchemaError::Write { table: self.table.clone(), rows: self.rows, cause: Box::new(cause) }
    }
}

/// A type whose columns can be derived, or a reference to one.
pub trait Columnar<'de> {
    /// The columns of the type.
    ///
    /// # Errors
    /// `Trace` when the type has no columnar form.
    fn fields(table: &str) -> Result<Vec<FieldRef>, SchemaError>;
}

impl<'de, T: Deserialize<'de>> Columnar<'de> for &T {
    fn fields(table: &str) -> Result<Vec<FieldRef>, SchemaError> {
        schema_of::<T>(table)
    }
}

fn with_temporal_type(field: &Field) -> Field {
    let name = field.name();
    // Instants and days are read from text, which tracing sees as bytes (`instant.rs`).
    let is_text = matches!(field.data_type(), DataType::LargeBinary);
    let is_instant = name.ends_with("_at") || name.ends_with("_since") || matches!(name.as_str(), "valid_from" | "valid_to");
    let data_type = if is_text && is_instant {
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    } else if is_text && (name == "day" || name.ends_with("_on")) {
        DataType::Date32
    } else {
        field.data_type().clone()
    };
    Field::new(name, data_type, field.is_nullable())
}
