//! Observations as facts read them: the columns that some fact asks for, and of each entity the
//! newest statement.

use super::adopted::{REPEATED, TOLD_UNTIL};
use super::plans::FactPlans;
use super::walks::WALKS;
use crate::engine::collected;
use crate::error::AnalyticsError;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::catalog::{MemorySchemaProvider, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use std::collections::BTreeSet;
use std::sync::Arc;
use waymark_event::{Table, observation_schema};
use waymark_lake::{DataFile, Layout, NEWEST_FIRST, TableVersion, Wanted, joined, observed_table, read_rows, words_type};

/// The newest statement of an entity is its state: the order of `NEWEST_FIRST` in SQL.
pub(crate) const NEWEST: &str = include_str!("../../facts/newest.sql");

/// Observations of one table about the wanted subjects, reduced to the newest statement of each entity.
pub(super) async fn observed_rows(
    plans: &FactPlans,
    layout: &Layout,
    (table, version): (Table, Option<&TableVersion>),
    wanted: Wanted<'_>,
) -> Result<RecordBatch, AnalyticsError> {
    let reading = Reading::of(plans, table)?;
    let files = version.map_or(&[][..], |version| &version.files);
    // The rank nearly always decides. What decides between equal ones is wide, so it is read when there are any.
    let (mut rows, is_certain) = reading.newest(layout, &NEWEST_FIRST[..1], &[(files, wanted)], &[]).await?;
    if !is_certain {
        (rows, _) = reading.newest(layout, NEWEST_FIRST, &[(files, wanted)], &[]).await?;
    }
    reading.as_facts_read(&rows)
}

/// The newest statements of one table from several places: some of the files about some subjects, and what was
/// kept; with their subject and rank, to be kept, and as facts read them. Nothing where the rank does not decide.
pub(super) async fn newest_with(
    plans: &FactPlans,
    layout: &Layout,
    table: Table,
    (parts, held): (&[(&[DataFile], Wanted<'_>)], &[RecordBatch]),
) -> Result<Option<(RecordBatch, RecordBatch)>, AnalyticsError> {
    let reading = Reading { has_subject: true, ..Reading::of(plans, table)? };
    let (rows, is_certain) = reading.newest(layout, &NEWEST_FIRST[..1], parts, held).await?;
    if !is_certain {
        return Ok(None);
    }
    let read = reading.as_facts_read(&rows)?;
    Ok(Some((rows, read)))
}

/// How statements of one table are read.
struct Reading {
    table: Table,
    /// The columns that facts find, and those of them that any asks for.
    schema: SchemaRef,
    asked: Schema,
    /// Whether the subject is told beside them.
    has_subject: bool,
}

impl Reading {
    fn of(plans: &FactPlans, table: Table) -> Result<Self, AnalyticsError> {
        let schema = plans.observed_schema(table)?;
        // The paths of commits are most of what is said of them, and only path rules ask for them.
        let has_path_rules = plans.register("service_paths").is_some_and(|rules| rules.num_rows() > 0);
        let is_asked = |name: &str| plans.is_read(table, name) && (has_path_rules || table != Table::Commit || name != "paths");
        let fields = schema.fields().iter().enumerate();
        let places: Vec<usize> = fields.filter(|(_, field)| is_asked(field.name())).map(|(place, _)| place).collect();
        let asked = schema.project(&places).map_err(|cause| register(table.name(), cause.into()))?;
        Ok(Self { table, schema, asked, has_subject: false })
    }

    async fn newest(
        &self,
        layout: &Layout,
        order: &[(&str, bool)],
        parts: &[(&[DataFile], Wanted<'_>)],
        held: &[RecordBatch],
    ) -> Result<(RecordBatch, bool), AnalyticsError> {
        let stored = observed_table(self.table.name());
        let stated = self.stated_schema(order)?;
        let mut read = held.to_vec();
        for (files, wanted) in parts {
            let wanted = Wanted { fit: Some(&stated), ..*wanted };
            read.extend(read_rows(layout, &stored, files, wanted).await?);
        }
        newest_of(&joined(&stored, &stated, &read)?, order).map_err(|cause| register(self.table.name(), cause))
    }

    /// The columns that facts ask for, and after them the subject and those by which statements are put in order.
    fn stated_schema(&self, order: &[(&str, bool)]) -> Result<SchemaRef, AnalyticsError> {
        let schema = observation_schema(self.table).map_err(|cause| supply(self.table.name(), cause))?;
        let is_added = |name: &str| {
            let is_subject = self.has_subject && name == "subject";
            is_subject || name == "entity_id" || order.iter().any(|(ordering, _)| *ordering == name)
        };
        let fields = schema.fields().iter();
        let added = fields.filter(|field| is_added(field.name()) && self.asked.index_of(field.name()).is_err());
        let fields: Vec<_> = self.asked.fields().iter().chain(added).cloned().collect();
        Ok(nullable(&Schema::new(fields)))
    }

    /// Statements without the columns that stand last, which no fact reads.
    fn as_facts_read(&self, stated: &RecordBatch) -> Result<RecordBatch, AnalyticsError> {
        let rows = stated.project(&(0..self.asked.fields().len()).collect::<Vec<_>>());
        let rows = rows.map_err(|cause| register(self.table.name(), cause.into()))?;
        Ok(joined(&observed_table(self.table.name()), &self.schema, &[rows])?)
    }
}

/// The memory that rows take, without what they leave out of the buffers in which they stand.
pub(super) fn size_bytes(rows: &RecordBatch) -> u64 {
    let columns = rows.columns().iter();
    let size_bytes = |column: &ArrayRef| {
        let views = column.as_string_view_opt().map_or(0, StringViewArray::total_buffer_bytes_used);
        (column.to_data().get_slice_memory_size().unwrap_or_default() + views) as u64
    };
    columns.map(size_bytes).sum()
}

/// The columns of a table of observations that some fact reads, whose statements have these words.
pub(super) fn observed_schema(table: Table, words: &BTreeSet<&str>) -> Result<SchemaRef, AnalyticsError> {
    let schema = observation_schema(table).map_err(|cause| supply(table.name(), cause))?;
    let is_read = |name: &str| words.contains(name) || name == "entity_id";
    let fields = schema.fields().iter().filter(|field| is_read(field.name())).map(|field| match field.name().as_str() {
        // Findings are many, and only a walk reads them.
        _ if table != Table::Evidence => Arc::clone(field),
        "entity_id" => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        name if REPEATED.contains(&name) => Arc::new(field.as_ref().clone().with_data_type(words_type())),
        _ => Arc::clone(field),
    });
    // Findings that are kept from one refresh to the next say until when the same was told.
    let observed = schema.fields().iter().find(|field| table == Table::Evidence && field.name() == "observed_at");
    let until = observed.map(|field| Arc::new(field.as_ref().clone().with_name(TOLD_UNTIL)));
    Ok(nullable(&Schema::new(fields.chain(until).collect::<Vec<_>>())))
}

/// Every column may be null: a file that is older than a column lacks it, and a forgotten person leaves
/// null behind.
pub(super) fn nullable(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true)));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Every word of every statement, and what walks read: a column whose name is not among them is read by
/// no fact.
pub(super) fn words() -> BTreeSet<&'static str> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let walked = WALKS.iter().flat_map(|walk| walk.reads).flat_map(|(_, columns)| *columns).copied();
    // What is newer is decided before any fact reads it.
    let statements = super::statements().filter(|sql| *sql != NEWEST);
    statements.flat_map(|sql| sql.split(move |character| !is_word(character))).chain(walked).collect()
}

/// Makes room for `observed.*` in a session.
pub(crate) fn register_observed_schema(context: &SessionContext) -> Result<(), DataFusionError> {
    let catalog = context.catalog("waymark");
    let catalog = catalog.ok_or_else(|| DataFusionError::Internal("the catalogue is missing".to_owned()))?;
    catalog.register_schema("observed", Arc::new(MemorySchemaProvider::new())).map(|_| ())
}

/// The newest statement of each entity of a table.
pub(crate) async fn newest(context: &SessionContext, provider: Arc<dyn TableProvider>) -> Result<RecordBatch, DataFusionError> {
    Ok(newest_of(&collected(context.read_table(provider)?).await?, NEWEST_FIRST)?.0)
}

/// The newest statement of each entity, in the order in which they stand, and whether that is certain.
fn newest_of(stated: &RecordBatch, order: &[(&str, bool)]) -> Result<(RecordBatch, bool), DataFusionError> {
    let missing = || DataFusionError::Internal("statements have no column `entity_id`".to_owned());
    let entities = stated.column_by_name("entity_id").ok_or_else(missing)?;
    let newest = match entities.as_string_view_opt() {
        Some(entities) => waymark_lake::newest_of(stated, order, |row| entities.value(row))?,
        None => waymark_lake::newest_of(stated, order, |row| entities.as_string::<i32>().value(row))?,
    };
    if newest.places.len() == stated.num_rows() {
        return Ok((stated.clone(), newest.is_certain));
    }
    Ok((take_record_batch(stated, &UInt32Array::from(newest.places))?, newest.is_certain))
}

pub(super) fn supply(table: &str, cause: waymark_event::SchemaError) -> AnalyticsError {
    AnalyticsError::Supply { table: table.to_owned(), cause }
}

pub(super) fn register(table: &str, cause: DataFusionError) -> AnalyticsError {
    AnalyticsError::Register { table: table.to_owned(), cause: Box::new(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{facts_context, plan, register_batch};
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use rand::Rng;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Statements of few entities with many ties.
    fn stated(seed: u64) -> RecordBatch {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let rows = 200;
        let mut numbers = |end: i64| -> ArrayRef {
            let drawn = (0..rows).map(|_| (random.random_range(0..9) > 0).then(|| random.random_range(0..end)));
            Arc::new(drawn.collect::<Int64Array>())
        };
        let (rank, dialect, received) = (numbers(3), numbers(2), numbers(3));
        let mut texts = |end: u32| -> ArrayRef {
            Arc::new(StringArray::from_iter_values((0..rows).map(|_| format!("t{}", random.random_range(0..end)))))
        };
        let (entity, observation, delivery) = (texts(20), texts(3), texts(1_000));
        RecordBatch::try_from_iter([
            ("entity_id", entity),
            ("version_rank", rank),
            ("dialect_version", dialect),
            ("observation_id", observation),
            ("received_at", received),
            ("delivery_id", delivery),
        ])
        .unwrap()
    }

    #[tokio::test]
    async fn the_newest_statement_is_the_one_that_the_sql_chooses() {
        for seed in 0..50 {
            let stated = stated(seed);
            let context = facts_context(chrono_tz::UTC);
            register_batch(&context, "stated", stated.clone()).unwrap();
            let chosen = plan(&context, NEWEST).await.unwrap().collect().await.unwrap();
            let mut expected: Vec<String> = chosen.iter().flat_map(rows_as_text).collect();
            let mut found = rows_as_text(&newest_of(&stated, NEWEST_FIRST).unwrap().0);
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "seed {seed}");
        }
    }

    fn rows_as_text(batch: &RecordBatch) -> Vec<String> {
        (0..batch.num_rows())
            .map(|row| {
                let values = batch.columns().iter();
                let values = values.map(|column| arrow::util::display::array_value_to_string(column, row).unwrap());
                values.collect::<Vec<_>>().join(",")
            })
            .collect()
    }
}
