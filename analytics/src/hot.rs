//! `HotFiles`: the columns that metrics read, kept in memory file by file.
//!
//! A file never changes under its name, so what was read for one snapshot serves the next one, which
//! reads new files only. Which facts are worth it is said in `FACTS`. People ask for the last weeks, so
//! where not everything fits, what is newest is kept; the rest of a fact, and every question for other
//! columns, is read from the lake.

mod source;
mod table;

use self::table::HotTable;
use crate::answers::ANSWERS;
use crate::catalogue::METRICS;
use crate::error::AnalyticsError;
use crate::lake_tables::{LakeTable, StoredFile, rows_of};
use crate::rows_asked::{SERVICE, Services, VALID_TO};
use crate::views::{VIEWS, named_in};
use arrow::array::{Array, AsArray, DictionaryArray, RecordBatch};
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, Schema, SchemaRef, TimestampMicrosecondType, UInt16Type};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionContext;
use object_store::path::Path;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Memory for all facts together: half of the 1 GiB in which `serve` answers for a large
/// organisation; questions, their answers and the footers of files need the rest.
const HOT_BYTES_MAX: usize = 512 * 1_024 * 1_024;
/// A fact of no more rows is kept whole before anything else: read from the lake it would cost as many
/// files as a large one.
const SMALL_ROWS_MAX: usize = 200_000;
/// Texts are held as dictionaries where each is there so often.
const REPEATED: usize = 4;
/// After so many rows the size of all of them is foreseen, and a fact that will not fit is given up.
const FORESIGHT_ROWS_MIN: usize = 10_000;

/// What is kept in memory, shared by the snapshots of one engine.
#[derive(Debug)]
pub(crate) struct HotFiles {
    bytes_max: usize,
    files: HashMap<Path, Arc<Kept>>,
    /// The files of which it was decided whether they are kept.
    decided: HashSet<Path>,
    columns: HashMap<&'static str, Columns>,
}

/// The columns that are kept of a fact.
#[derive(Debug)]
struct Columns {
    /// All that the fact has; once those differ, everything here is found anew.
    whole: SchemaRef,
    places: Vec<usize>,
    /// As they are stored.
    stored: SchemaRef,
    /// As they are held, decided by the first rows that were read; null until there are any.
    held: Option<SchemaRef>,
}

/// The kept columns of one file.
#[derive(Debug)]
struct Kept {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// The services of its rows; null where the fact has none.
    services: Option<Services>,
    /// The last instant at which one of its rows ended, in microseconds; null where some hold still, or none has an end.
    ended_by: Option<i64>,
    columns: Vec<ColumnCounts>,
    rows: usize,
}

/// What was counted in a column of a file.
#[derive(Clone, Copy, Debug, Default)]
struct ColumnCounts {
    nulls: usize,
    size_bytes: usize,
}

/// A file on its way into memory.
enum Arriving {
    Known(Arc<Kept>),
    Read(SpawnedTask<Result<Vec<RecordBatch>>>),
}

/// Facts by name, as readers see them.
pub(crate) type Providers = BTreeMap<&'static str, Arc<dyn TableProvider>>;

impl Default for HotFiles {
    fn default() -> Self {
        Self { bytes_max: HOT_BYTES_MAX, files: HashMap::new(), decided: HashSet::new(), columns: HashMap::new() }
    }
}

impl HotFiles {
    /// How many of the files nobody has looked at yet.
    pub(crate) fn new_files(&self, facts: &[(&'static str, Arc<LakeTable>)]) -> usize {
        facts.iter().flat_map(|(_, table)| table.files()).filter(|file| !self.decided.contains(file.path())).count()
    }

    /// The facts over what is in memory already.
    pub(crate) fn known(&self, facts: &[(&'static str, Arc<LakeTable>)]) -> Providers {
        let mut providers = Providers::new();
        for (name, table) in facts {
            let Some(columns) = self.columns.get(name).filter(|columns| columns.whole == table.schema()) else { continue };
            if table.files().iter().any(|file| self.files.contains_key(file.path())) {
                let hot = HotTable::new(Arc::clone(table), Arc::clone(columns.as_held()), &self.files);
                providers.insert(*name, Arc::new(hot));
            }
        }
        providers
    }

    /// Keeps the files of the given facts that fit, the newest first, and forgets every other file.
    ///
    /// # Errors
    /// `Register` when a file cannot be read.
    pub(crate) async fn keep(
        &mut self,
        context: &SessionContext,
        facts: &[(&'static str, Arc<LakeTable>)],
    ) -> Result<Providers, AnalyticsError> {
        for (fact, table) in facts {
            let whole = table.schema();
            if self.columns.get(fact).is_none_or(|known| known.whole != whole) {
                let columns = Columns::of(fact, whole).map_err(|cause| failed(fact, cause.into()))?;
                self.columns.insert(fact, columns);
            }
        }
        let mut before = std::mem::take(&mut self.files);
        self.decided.clear();
        let mut left_bytes = self.bytes_max;
        let mut kept = HashMap::new();
        let mut given_up = BTreeSet::new();
        for Span { fact, table, last_day, files } in spans(facts) {
            // What is older than something that did not fit is read from the lake together with that.
            let columns = self.columns.get_mut(fact).filter(|columns| !columns.places.is_empty() && !given_up.contains(fact));
            let Some(columns) = columns else { continue };
            let gathered = gather(context, table, columns, &files, &mut before, left_bytes).await;
            let Some(files) = gathered.map_err(|cause| failed(fact, cause))? else {
                tracing::debug!(fact.name = fact, span.end = %last_day, "this and what is older is not kept in memory");
                given_up.insert(fact);
                continue;
            };
            let size_bytes = files.values().map(|kept| kept.size_bytes()).sum();
            tracing::debug!(fact.name = fact, span.end = %last_day, size_bytes, "kept in memory");
            left_bytes = left_bytes.saturating_sub(size_bytes);
            kept.extend(files);
        }
        self.files = kept;
        self.decided = facts.iter().flat_map(|(_, table)| table.files()).map(|file| file.path().clone()).collect();
        Ok(self.known(facts))
    }
}

fn failed(fact: &str, cause: DataFusionError) -> AnalyticsError {
    AnalyticsError::Register { table: fact.to_owned(), cause: Box::new(cause) }
}

impl Columns {
    fn of(fact: &str, whole: SchemaRef) -> Result<Self, ArrowError> {
        let places = asked_for(fact, &whole);
        Ok(Self { stored: Arc::new(whole.project(&places)?), whole, places, held: None })
    }

    fn as_held(&self) -> &SchemaRef {
        self.held.as_ref().unwrap_or(&self.stored)
    }
}

/// The files of one fact that hold rows of the same time.
struct Span<'facts> {
    fact: &'static str,
    table: &'facts LakeTable,
    last_day: NaiveDate,
    files: Vec<&'facts StoredFile>,
}

/// The spans of all facts: those of small facts, then the newest first, and of one time the smallest
/// first. Rows of any time are always asked for, so they stand before those of some time.
fn spans<'facts>(facts: &'facts [(&'static str, Arc<LakeTable>)]) -> Vec<Span<'facts>> {
    let mut spans = Vec::new();
    for (fact, table) in facts {
        let mut by_day: BTreeMap<NaiveDate, Vec<&StoredFile>> = BTreeMap::new();
        for file in table.files() {
            by_day.entry(file.days.map_or(NaiveDate::MAX, |(_, last)| last)).or_default().push(file);
        }
        let is_large = rows_of(table.files()) > SMALL_ROWS_MAX;
        spans.extend(by_day.into_iter().map(|(last_day, files)| (is_large, Span { fact, table, last_day, files })));
    }
    spans.sort_by_cached_key(|(is_large, span)| {
        (*is_large, Reverse(span.last_day), rows_of(span.files.iter().copied()), span.fact)
    });
    spans.into_iter().map(|(_, span)| span).collect()
}

/// Files of a fact in memory; nothing when they do not fit into `left_bytes`.
async fn gather(
    context: &SessionContext,
    table: &LakeTable,
    columns: &mut Columns,
    files: &[&StoredFile],
    before: &mut HashMap<Path, Arc<Kept>>,
    left_bytes: usize,
) -> Result<Option<BTreeMap<Path, Arc<Kept>>>> {
    let session = context.state();
    let (mut size_bytes, mut rows) = (0, 0);
    let mut gathered = BTreeMap::new();
    let rows_all = rows_of(files.iter().copied());
    for files in files.chunks(session.config().target_partitions().max(1)) {
        let mut arriving = Vec::with_capacity(files.len());
        for &file in files {
            let known = before.remove(file.path()).filter(|kept| kept.schema == *columns.as_held());
            let one = match known {
                Some(kept) => Arriving::Known(kept),
                None => read(context, table, file, &columns.places)?,
            };
            arriving.push((file.path().clone(), one));
        }
        for (path, one) in arriving {
            let kept = match one {
                Arriving::Known(kept) => kept,
                Arriving::Read(task) => {
                    let batches = task.join().await.map_err(|cause| DataFusionError::External(Box::new(cause)))??;
                    if columns.held.is_none() {
                        let first = batches.iter().find(|batch| batch.num_rows() > 0);
                        columns.held = first.map(|rows| held_schema(&columns.stored, rows));
                    }
                    Arc::new(Kept::new(columns.as_held(), batches)?)
                }
            };
            size_bytes += kept.size_bytes();
            rows += kept.rows;
            gathered.insert(path, kept);
        }
        if foreseen(size_bytes, rows, rows_all) > left_bytes {
            return Ok(None);
        }
    }
    Ok(Some(gathered))
}

/// Stored columns as they are held: texts that repeat as dictionaries, which take a tenth of the memory.
fn held_schema(stored: &Schema, rows: &RecordBatch) -> SchemaRef {
    let fields = stored.fields().iter().zip(rows.columns()).map(|(field, column)| {
        let texts = column.as_string_opt::<i32>();
        let repeats = texts.is_some_and(|texts| REPEATED * texts.iter().collect::<HashSet<_>>().len() <= texts.len());
        if repeats { Arc::new(field.as_ref().clone().with_data_type(dictionary())) } else { Arc::clone(field) }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// No batch has more rows than fit sixteen bits.
fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8))
}

/// Begins to read the wanted columns of one file, beside others.
fn read(context: &SessionContext, table: &LakeTable, file: &StoredFile, columns: &[usize]) -> Result<Arriving> {
    let plan = table.read_once(&context.state(), file, columns)?;
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

/// The words of a statement and of the views that it names, without what comments say.
fn words(sql: &'static str) -> BTreeSet<&'static str> {
    let is_apart = |char: char| !(char.is_alphanumeric() || char == '_');
    let views = named_in(sql).into_iter().map(|view| view.sql);
    let lines = views.chain([sql]).flat_map(str::lines).map(|line| line.split("--").next().unwrap_or_default());
    lines.flat_map(|line| line.split(is_apart)).collect()
}

/// The services of rows in memory.
fn services_in(batches: &[RecordBatch]) -> Option<Services> {
    let mut services = BTreeSet::new();
    for batch in batches {
        let column = batch.column_by_name(SERVICE)?;
        let texts = column.as_dictionary_opt::<UInt16Type>().map_or(column, DictionaryArray::values);
        services.extend(texts.as_string_opt::<i32>()?.iter().flatten());
    }
    Some(Services::of(services))
}

/// The last instant at which one of the rows ended; null where some hold still, or where there is no such column.
fn ended_by(batches: &[RecordBatch]) -> Option<i64> {
    let mut last = None;
    for batch in batches {
        let ends = batch.column_by_name(VALID_TO)?.as_primitive_opt::<TimestampMicrosecondType>()?;
        if ends.null_count() > 0 {
            return None;
        }
        last = last.max(max(ends));
    }
    last
}

impl Kept {
    fn new(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Result<Self> {
        let batches = batches.into_iter().filter(|batch| batch.num_rows() > 0);
        let batches = batches.map(|batch| {
            let columns = batch.columns().iter().zip(schema.fields());
            let columns = columns.map(|(column, field)| {
                let mut held = cast(column, field.data_type())?;
                // Whoever builds columns makes room for more rows than most files have.
                held.shrink_to_fit();
                Ok(held)
            });
            RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, ArrowError>>()?)
        });
        let batches = batches.collect::<Result<Vec<_>, _>>()?;
        let mut columns = vec![ColumnCounts::default(); schema.fields().len()];
        for batch in &batches {
            for (counts, column) in columns.iter_mut().zip(batch.columns()) {
                counts.nulls += column.logical_null_count();
                counts.size_bytes += column.get_array_memory_size();
            }
        }
        Ok(Self {
            schema: Arc::clone(schema),
            services: services_in(&batches),
            ended_by: ended_by(&batches),
            columns,
            rows: batches.iter().map(RecordBatch::num_rows).sum(),
            batches,
        })
    }

    fn size_bytes(&self) -> usize {
        self.columns.iter().map(|column| column.size_bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{plan, session_state};
    use arrow::array::{ArrayRef, Date32Array, Int64Array, StringArray};
    use arrow::datatypes::{Date32Type, Field, UInt32Type};
    use waymark_event::Instant;
    use waymark_lake::{Layout, TableVersion, Tables, fact_table};

    const FACT: &str = "deployments";

    /// A fact of some deployments of one service last year and as many in this quarter, each in a file.
    async fn stored(layout: &Layout, context: &SessionContext) -> Arc<LakeTable> {
        let (tables, now) = (Tables::new(layout), Instant::parse("2026-08-01T00:00:00Z").unwrap());
        let name = fact_table(FACT);
        let mut files = Vec::new();
        for (span, day) in [("2025", "2025-08-01"), ("2026q3", "2026-07-20")] {
            let days: ArrayRef = Arc::new(Date32Array::from(vec![Date32Type::from_naive_date(day.parse().unwrap()); REPEATED]));
            let services: ArrayRef = Arc::new(StringArray::from(vec!["checkout"; REPEATED]));
            // Some texts are dictionaries where they are stored, too.
            let tiers: DictionaryArray<UInt32Type> = vec!["production"; REPEATED].into_iter().collect();
            let tiers: ArrayRef = Arc::new(tiers);
            let rows = RecordBatch::try_from_iter([("service", services), ("tier", tiers), ("day", days)]).unwrap();
            let file = tables.write(&name, &format!("shard-000000-{span}-0.snappy.parquet"), &rows, now).await.unwrap();
            files.push(file.data_file());
        }
        let version = TableVersion { files, ..TableVersion::default() };
        Arc::new(LakeTable::open(context, layout, &name, &version, None).await.unwrap())
    }

    /// The first row of an answer.
    async fn asked(context: &SessionContext, sql: &str) -> Result<String> {
        let rows = plan(context, sql).await?.collect().await?;
        Ok(arrow::util::pretty::pretty_format_batches(&rows)?.to_string().lines().nth(3).unwrap_or_default().to_owned())
    }

    #[tokio::test]
    async fn what_is_older_than_fits_is_read_from_the_lake_when_it_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let context = SessionContext::new_with_state(session_state(chrono_tz::UTC, Some(&layout)).unwrap());
        let table = stored(&layout, &context).await;
        let mut roomy = HotFiles::default();
        roomy.keep(&context, &[(FACT, Arc::clone(&table))]).await.unwrap();
        assert_eq!(roomy.files.len(), 2);
        let bytes_max = roomy.files.values().map(|kept| kept.size_bytes()).max().unwrap();

        let mut tight = HotFiles { bytes_max, ..HotFiles::default() };
        let mut providers = tight.keep(&context, &[(FACT, Arc::clone(&table))]).await.unwrap();
        assert!(tight.files.keys().all(|path| path.as_ref().contains("2026q3")), "{:?}", tight.files.keys());
        assert_eq!(tight.files.len(), 1);
        context.register_table(FACT, providers.remove(FACT).unwrap()).unwrap();
        let whole = "select service, tier, count(*) as rows, min(day) as first, max(day) as last from deployments \
            group by service, tier";
        assert_eq!(asked(&context, whole).await.unwrap(), "| checkout | production | 8    | 2025-08-01 | 2026-07-20 |");
        let held: Vec<_> = tight.files.values().map(|kept| kept.schema.field(0).data_type().clone()).collect();
        assert_eq!(held, [dictionary()], "a service that repeats is held as a dictionary");

        // A file that is not there shows whether it was opened.
        std::fs::remove_file(layout.table(&fact_table(FACT)).join("shard-000000-2025-0.snappy.parquet")).unwrap();
        let of_a_day = "select deployments.day from deployments where day >= date '2026-07-01'";
        assert_eq!(asked(&context, of_a_day).await.unwrap(), "| 2026-07-20 |");
        let of_a_calendar = "select deployments.day from deployments \
            join (values (date '2026-07-20')) as calendar(day) on calendar.day = deployments.day";
        assert_eq!(asked(&context, of_a_calendar).await.unwrap(), "| 2026-07-20 |");
        asked(&context, "select day from deployments").await.unwrap_err();
    }

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
        let files = HashMap::from([(Path::from("one"), Arc::new(Kept::new(&held, vec![rows]).unwrap()))]);
        let table = HotTable::new(Arc::new(LakeTable::over(schema, Vec::new())), held, &files);
        assert_eq!(table.held_places(Some(&[2, 1])), Some(vec![1, 0]));
        assert_eq!(table.held_places(Some(&[])), Some(Vec::new()));
        assert_eq!(table.held_places(Some(&[0, 1])), None);
        assert_eq!(table.held_places(None), None);
    }
}
