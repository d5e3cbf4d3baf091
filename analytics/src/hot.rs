//! `HotFiles`: the columns that metrics read, kept in memory file by file.
//!
//! A file never changes under its name, so what was read for one snapshot serves the next one, which
//! reads new files only. Which facts are worth it is said in `FACTS`; a fact that does not fit, and
//! every question for other columns, is read from the lake.

use crate::answers::ANSWERS;
use crate::catalogue::METRICS;
use crate::error::AnalyticsError;
use crate::lake_tables::LakeTable;
use crate::views::{VIEWS, named_in};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::runtime::SpawnedTask;
use datafusion::datasource::MemTable;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::FileGroup;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::SessionContext;
use object_store::path::Path;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Memory for all facts together: a quarter of the 1 GiB in which `serve` answers for a large
/// organisation; questions, their answers and the footers of files need the rest.
const HOT_BYTES_MAX: usize = 256 * 1_024 * 1_024;
/// After so many rows the size of all of them is foreseen, and a fact that will not fit is given up.
const FORESIGHT_ROWS_MIN: usize = 10_000;

/// What is kept in memory, shared by the snapshots of one engine.
#[derive(Debug)]
pub(crate) struct HotFiles {
    bytes_max: usize,
    files: HashMap<Path, Kept>,
}

/// The kept columns of one file.
#[derive(Clone, Debug)]
struct Kept {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    size_bytes: usize,
    rows: usize,
}

/// A file on its way into memory.
enum Arriving {
    Known(Kept),
    Read(SpawnedTask<Result<Vec<RecordBatch>>>),
}

/// Facts by name, as readers see them.
pub(crate) type Providers = BTreeMap<&'static str, Arc<dyn TableProvider>>;

impl Default for HotFiles {
    fn default() -> Self {
        Self { bytes_max: HOT_BYTES_MAX, files: HashMap::new() }
    }
}

impl HotFiles {
    /// Keeps those of the given facts that fit, the smallest first, and forgets every other file.
    ///
    /// # Errors
    /// `Register` when a file cannot be read.
    pub(crate) async fn keep(
        &mut self,
        context: &SessionContext,
        facts: &[(&'static str, Arc<LakeTable>)],
    ) -> Result<Providers, AnalyticsError> {
        let mut smallest_first: Vec<&(&'static str, Arc<LakeTable>)> = facts.iter().collect();
        smallest_first.sort_by_key(|(_, table)| table.rows());
        let mut before = std::mem::take(&mut self.files);
        let mut left_bytes = self.bytes_max;
        let mut providers = Providers::new();
        for (name, table) in smallest_first {
            let failed = |cause| AnalyticsError::Register { table: (*name).to_owned(), cause: Box::new(cause) };
            let Some(files) = gather(context, name, table, &mut before, left_bytes).await.map_err(failed)? else {
                tracing::debug!(fact.name = name, "a fact is too large to be kept in memory");
                continue;
            };
            left_bytes = left_bytes.saturating_sub(files.iter().map(|(_, kept)| kept.size_bytes).sum());
            let partitions = context.state().config().target_partitions();
            let provider = HotTable::new(name, Arc::clone(table), &files, partitions).map_err(failed)?;
            providers.insert(*name, Arc::new(provider));
            self.files.extend(files);
        }
        Ok(providers)
    }
}

/// The files of a fact in memory; nothing when they do not fit into `left_bytes`.
async fn gather(
    context: &SessionContext,
    name: &str,
    table: &LakeTable,
    before: &mut HashMap<Path, Kept>,
    left_bytes: usize,
) -> Result<Option<Vec<(Path, Kept)>>> {
    let columns = asked_for(name, &table.schema());
    if columns.is_empty() {
        return Ok(None);
    }
    let schema = Arc::new(table.schema().project(&columns)?);
    let session = context.state();
    let (mut size_bytes, mut rows) = (0, 0);
    let mut gathered = Vec::with_capacity(table.files().len());
    for files in table.files().chunks(session.config().target_partitions().max(1)) {
        let mut arriving = Vec::with_capacity(files.len());
        for file in files {
            let known = before.remove(file.path()).filter(|kept| kept.schema == schema);
            let one = match known {
                Some(kept) => Arriving::Known(kept),
                None => read(context, table, file, &columns)?,
            };
            arriving.push((file.path().clone(), one));
        }
        for (path, one) in arriving {
            let kept = match one {
                Arriving::Known(kept) => kept,
                Arriving::Read(task) => {
                    let batches = task.join().await.map_err(|cause| DataFusionError::External(Box::new(cause)))??;
                    Kept::new(&schema, batches)?
                }
            };
            size_bytes += kept.size_bytes;
            rows += kept.rows;
            gathered.push((path, kept));
        }
        if foreseen(size_bytes, rows, table.rows()) > left_bytes {
            return Ok(None);
        }
    }
    Ok(Some(gathered))
}

/// Begins to read the wanted columns of one file, beside others.
fn read(context: &SessionContext, table: &LakeTable, file: &PartitionedFile, columns: &[usize]) -> Result<Arriving> {
    let group = FileGroup::new(vec![file.clone()]);
    let plan = table.plan(&context.state(), vec![group], Some(columns), None)?;
    Ok(Arriving::Read(SpawnedTask::spawn(collect(plan, context.task_ctx()))))
}

/// How large all rows will be, from those that were read; few rows foretell nothing.
fn foreseen(size_bytes: usize, rows: usize, rows_all: usize) -> usize {
    if rows < FORESIGHT_ROWS_MIN {
        return size_bytes;
    }
    (size_bytes / rows).saturating_mul(rows_all).max(size_bytes)
}

/// The places of the columns of a fact of which some metric or fixed answer speaks that reads the fact,
/// itself or through a view. Words are looked for, not columns: one too many costs memory, no answer.
fn asked_for(fact: &str, schema: &Schema) -> Vec<usize> {
    let texts = METRICS.iter().map(|metric| metric.sql).chain(ANSWERS.iter().map(|answer| answer.sql));
    let texts = texts.chain(VIEWS.iter().map(|view| view.sql));
    let words = texts.map(words).filter(|words| words.contains(fact));
    let words: BTreeSet<&str> = words.flatten().collect();
    let columns = schema.fields().iter().enumerate();
    columns.filter(|(_, field)| words.contains(field.name().as_str())).map(|(place, _)| place).collect()
}

/// The words of a statement and of the views that it names.
fn words(sql: &'static str) -> BTreeSet<&'static str> {
    let is_apart = |char: char| !(char.is_alphanumeric() || char == '_');
    let views = named_in(sql).into_iter().map(|view| view.sql);
    views.chain([sql]).flat_map(|text| text.split(is_apart)).collect()
}

impl Kept {
    fn new(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Result<Self> {
        let batches = batches.into_iter().filter(|batch| batch.num_rows() > 0);
        let batches = batches.map(|batch| RecordBatch::try_new(Arc::clone(schema), batch.columns().to_vec()));
        let batches = batches.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            schema: Arc::clone(schema),
            size_bytes: batches.iter().map(RecordBatch::get_array_memory_size).sum(),
            rows: batches.iter().map(RecordBatch::num_rows).sum(),
            batches,
        })
    }
}

/// A fact whose usual columns are in memory; a scan of any other column reads the lake.
#[derive(Debug)]
struct HotTable {
    stored: Arc<LakeTable>,
    held: MemTable,
    /// For each column of the fact, its place among those held.
    places: Vec<Option<usize>>,
}

impl HotTable {
    fn new(name: &str, stored: Arc<LakeTable>, files: &[(Path, Kept)], partitions_max: usize) -> Result<Self> {
        let schema = stored.schema();
        let columns = asked_for(name, &schema);
        let mut places = vec![None; schema.fields().len()];
        for (place, column) in columns.iter().enumerate() {
            if let Some(known) = places.get_mut(*column) {
                *known = Some(place);
            }
        }
        let partitions_max = partitions_max.clamp(1, files.len().max(1));
        let mut partitions: Vec<(usize, Vec<RecordBatch>)> = vec![(0, Vec::new()); partitions_max];
        for (_, kept) in files {
            if let Some((rows, batches)) = partitions.iter_mut().min_by_key(|(rows, _)| *rows) {
                *rows += kept.rows;
                batches.extend(kept.batches.iter().cloned());
            }
        }
        let partitions = partitions.into_iter().map(|(_, batches)| batches).collect();
        let held = MemTable::try_new(Arc::new(schema.project(&columns)?), partitions)?;
        Ok(Self { stored, held, places })
    }

    /// The places among the held columns; nothing when one of them is not held.
    fn held_places(&self, columns: Option<&[usize]>) -> Option<Vec<usize>> {
        match columns {
            Some(columns) => columns.iter().map(|column| self.places.get(*column).copied().flatten()).collect(),
            None => self.places.iter().copied().collect(),
        }
    }
}

#[async_trait]
impl TableProvider for HotTable {
    fn schema(&self) -> SchemaRef {
        self.stored.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        columns: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match self.held_places(columns.map(Vec::as_slice)) {
            Some(places) => self.held.scan(session, Some(&places), filters, limit).await,
            None => self.stored.scan(session, columns, filters, limit).await,
        }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.stored.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.stored.statistics()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field};

    #[test]
    fn what_will_not_fit_is_foreseen() {
        assert_eq!(foreseen(5_000, 100, 1_000_000), 5_000, "a hundred rows foretell nothing");
        assert_eq!(foreseen(200_000, 20_000, 1_000_000), 10_000_000);
        assert_eq!(foreseen(200_000, 20_000, 20_000), 200_000);
        assert_eq!(foreseen(0, 0, 1), 0);
    }

    #[test]
    fn only_columns_that_metrics_speak_of_are_kept() {
        let field = |name: &str| Field::new(name, DataType::Utf8, true);
        let schema = Schema::new(vec![field("service"), field("never_in_any_metric"), field("day")]);
        assert_eq!(asked_for("deployments", &schema), [0, 2]);
        assert_eq!(asked_for("no_metric_reads_it", &schema), [0_usize; 0]);
    }

    #[test]
    fn what_a_view_reads_for_a_metric_is_kept() {
        let field = |name: &str| Field::new(name, DataType::Utf8, true);
        // `undeployed_changes` reads `awaited_changes` through a view, and no metric asks where a change is shown.
        let schema = Schema::new(vec![field("known_since"), field("url"), field("is_copy")]);
        assert_eq!(asked_for("awaited_changes", &schema), [0, 2]);
    }

    #[test]
    fn a_scan_is_held_only_with_all_its_columns() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("never_in_any_metric", DataType::Utf8, true),
            Field::new("service", DataType::Utf8, true),
            Field::new("day", DataType::Int64, true),
        ]));
        let held = Arc::new(schema.project(&[1, 2]).unwrap());
        let rows = RecordBatch::try_new(
            Arc::clone(&held),
            vec![Arc::new(StringArray::from(vec!["checkout"])), Arc::new(Int64Array::from(vec![1]))],
        )
        .unwrap();
        let files = [(Path::from("one"), Kept::new(&held, vec![rows]).unwrap())];
        let table = HotTable::new("deployments", Arc::new(LakeTable::without_files(schema)), &files, 4).unwrap();
        assert_eq!(table.held_places(Some(&[2, 1])), Some(vec![1, 0]));
        assert_eq!(table.held_places(Some(&[])), Some(Vec::new()));
        assert_eq!(table.held_places(Some(&[0, 1])), None);
        assert_eq!(table.held_places(None), None);
    }
}
