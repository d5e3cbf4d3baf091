//! Tables of the lake as DataFusion sees them: a plain scan of the Parquet files of one version.
//!
//! The scan holds paths, sizes and numbers of rows and nothing of this process, so it can be sent to
//! another one. The lake's store is registered under a scheme of its own, so a question can name no
//! other file. Which files belong to a version is said by the snapshot.

use crate::facts::days_of;
use crate::rows_asked::{DAY, RowsAsked};
use arrow::datatypes::{DataType, Date32Type, Field, Fields, Schema, SchemaRef};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::common::project_schema;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, DefaultParquetFileReaderFactory, ParquetFileReaderFactory,
};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::prelude::SessionContext;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use waymark_lake::{DataFile, Layout, TableVersion};

/// The scheme and authority under which the lake's files are known.
const STORE: &str = "lake://data";

/// Makes the lake's store known to a session.
pub(crate) fn register_store(context: &SessionContext, layout: &Layout) -> Result<()> {
    let url = ObjectStoreUrl::parse(STORE)?;
    context.runtime_env().register_object_store(url.as_ref(), layout.storage().store());
    Ok(())
}

/// The lake's store, as a session knows it.
fn store(runtime: &RuntimeEnv) -> Result<Arc<dyn ObjectStore>> {
    runtime.object_store(ObjectStoreUrl::parse(STORE)?)
}

/// A table over the files of one version; the schema is read from a file when none is given.
pub(crate) async fn table(
    context: &SessionContext,
    layout: &Layout,
    name: &str,
    version: &TableVersion,
    schema: Option<SchemaRef>,
) -> Result<Arc<dyn TableProvider>> {
    Ok(Arc::new(LakeTable::open(context, layout, name, version, schema).await?))
}

/// The files of one version of a table.
#[derive(Debug)]
pub(crate) struct LakeTable {
    schema: SchemaRef,
    files: Vec<StoredFile>,
}

/// One file, and what is known of it without reading.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    /// The file; what its statistics say of columns it shares with the files of its span, because a large table
    /// has tens of thousands of files.
    file: PartitionedFile,
    rows: Precision<usize>,
    /// The first and the last day on which its rows can have happened; null where that is not known.
    pub(crate) days: Option<(NaiveDate, NaiveDate)>,
}

impl StoredFile {
    /// The place of the file in the store.
    pub(crate) const fn path(&self) -> &Path {
        &self.file.object_meta.location
    }
}

impl LakeTable {
    /// Opens a version; without files and without a schema it has no columns.
    pub(crate) async fn open(
        context: &SessionContext,
        layout: &Layout,
        name: &str,
        version: &TableVersion,
        schema: Option<SchemaRef>,
    ) -> Result<Self> {
        let schema = match schema {
            Some(schema) => schema,
            None => written_schema(&context.runtime_env(), layout, name, version).await?,
        };
        let mut of_spans: HashMap<Option<(NaiveDate, NaiveDate)>, Arc<Statistics>> = HashMap::new();
        let files = version.files.iter().map(|file| {
            let days = days_of(file);
            let statistics = of_spans.entry(days).or_insert_with(|| Arc::new(of_span(&schema, days)));
            StoredFile {
                file: PartitionedFile::new_from_meta(object(layout, name, file)).with_statistics(Arc::clone(statistics)),
                rows: counted(file.rows),
                days,
            }
        });
        Ok(Self { files: files.collect(), schema })
    }

    /// A table over some of the files of another one; none are a table without rows.
    pub(crate) const fn over(schema: SchemaRef, files: Vec<StoredFile>) -> Self {
        Self { schema, files }
    }

    /// The files, in the order of the version.
    pub(crate) fn files(&self) -> &[StoredFile] {
        &self.files
    }

    /// Reads one file for somebody who keeps its rows, so that nobody will ask for its footer again; only the
    /// columns at the given places.
    pub(crate) fn read_once(
        &self,
        session: &dyn Session,
        file: &StoredFile,
        columns: &[usize],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let reader = Arc::new(DefaultParquetFileReaderFactory::new(store(session.runtime_env())?));
        self.plan(session, reader, vec![vec![file]], (Some(columns), None))
    }

    /// Reads groups of files side by side; all columns, or those at the given places.
    fn plan(
        &self,
        session: &dyn Session,
        reader: Arc<dyn ParquetFileReaderFactory>,
        groups: Vec<Vec<&StoredFile>>,
        (columns, limit): (Option<&[usize]>, Option<usize>),
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let global = session.config_options().execution.parquet.clone();
        let hint = global.metadata_size_hint;
        let options = TableParquetOptions { global, ..TableParquetOptions::default() };
        let mut source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(reader);
        if let Some(hint) = hint {
            source = source.with_metadata_size_hint(hint);
        }
        let rows = counted_rows(groups.iter().flatten().copied());
        let groups = groups.into_iter().map(|files| files.into_iter().map(|stored| stored.file.clone()).collect());
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::parse(STORE)?, Arc::new(source))
            .with_statistics(statistics(&self.schema, rows))
            .with_file_groups(groups.map(FileGroup::new).collect())
            .with_projection_indices(columns.map(<[usize]>::to_vec))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// The files that may hold rows that are asked for, in groups of about equal size.
    fn groups(&self, asked: &RowsAsked, groups_max: usize) -> Vec<Vec<&StoredFile>> {
        let mut files: Vec<&StoredFile> = self.files.iter().filter(|file| asked.may_be_of_days(file.days)).collect();
        files.sort_by_key(|stored| Reverse(stored.file.object_meta.size));
        shared_out(files, groups_max, |stored| stored.file.object_meta.size.max(1))
    }
}

/// Items in groups of about equal weight, no more of them than there are items; always one at least.
pub(crate) fn shared_out<T>(items: Vec<T>, groups_max: usize, weight: impl Fn(&T) -> u64) -> Vec<Vec<T>> {
    let groups_max = groups_max.clamp(1, items.len().max(1));
    let mut groups: Vec<(u64, Vec<T>)> = (0..groups_max).map(|_| (0, Vec::new())).collect();
    for item in items {
        if let Some((total, group)) = groups.iter_mut().min_by_key(|(total, _)| *total) {
            *total += weight(&item);
            group.push(item);
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
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
        let groups = self.groups(&RowsAsked::by(filters), session.config().target_partitions());
        if groups.iter().all(Vec::is_empty) {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, columns)?)));
        }
        let runtime = session.runtime_env();
        let cache = runtime.cache_manager.get_file_metadata_cache();
        let reader = Arc::new(CachedParquetFileReaderFactory::new(store(runtime)?, cache));
        self.plan(session, reader, groups, (columns.map(Vec::as_slice), limit))
    }

    /// Every filter is offered: the physical planner makes those that it can the predicate of the
    /// scan, which leaves out files, row groups and pages, and filters the remaining rows itself.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(statistics(&self.schema, counted_rows(&self.files)))
    }
}

/// How many rows files have together, as far as they were counted.
pub(crate) fn rows_of<'files>(files: impl IntoIterator<Item = &'files StoredFile>) -> usize {
    counted_rows(files).get_value().copied().unwrap_or(0)
}

fn counted_rows<'files>(files: impl IntoIterator<Item = &'files StoredFile>) -> Precision<usize> {
    files.into_iter().fold(Precision::Exact(0_usize), |sum, stored| sum.add(&stored.rows))
}

/// A file in the store. It never changes under its name, so the time of its writing is not asked for.
fn object(layout: &Layout, table: &str, file: &DataFile) -> ObjectMeta {
    ObjectMeta {
        location: layout.table_object(table, &file.path),
        last_modified: DateTime::<Utc>::UNIX_EPOCH,
        size: file.size_bytes,
        e_tag: None,
        version: None,
    }
}

/// A writer that does not count says zero, so zero is good enough to plan with and answers no question.
fn counted(rows: u64) -> Precision<usize> {
    match usize::try_from(rows) {
        Ok(0) => Precision::Inexact(0),
        Ok(rows) => Precision::Exact(rows),
        Err(_) => Precision::Absent,
    }
}

/// What is known without reading: the number of rows.
fn statistics(schema: &Schema, num_rows: Precision<usize>) -> Statistics {
    let column_statistics = vec![ColumnStatistics::new_unknown(); schema.fields().len()];
    Statistics { num_rows, total_byte_size: Precision::Absent, column_statistics }
}

/// What is known of files that hold rows of these days: a question for other days leaves them closed.
fn of_span(schema: &Schema, days: Option<(NaiveDate, NaiveDate)>) -> Statistics {
    let mut known = statistics(schema, Precision::Absent);
    let column = schema.index_of(DAY).ok().filter(|place| schema.field(*place).data_type() == &DataType::Date32);
    let column = column.and_then(|place| known.column_statistics.get_mut(place));
    if let Some((column, (first, last))) = column.zip(days) {
        let bound = |day| Precision::Exact(ScalarValue::Date32(Some(Date32Type::from_naive_date(day))));
        (column.min_value, column.max_value, column.null_count) = (bound(first), bound(last), Precision::Exact(0));
    }
    known
}

/// The columns of the first and the last file, which are those of all: a definition gives every file
/// of a fact its columns, and names of other files grow with time. What a file lacks is null.
async fn written_schema(runtime: &RuntimeEnv, layout: &Layout, table: &str, version: &TableVersion) -> Result<SchemaRef> {
    let mut schemas = Vec::new();
    let last = version.files.last().filter(|_| version.files.len() > 1);
    for file in version.files.first().into_iter().chain(last) {
        schemas.push(schema_of(runtime, &object(layout, table, file)).await?);
    }
    Ok(Arc::new(Schema::try_merge(schemas)?))
}

/// The columns of a file, without what its writer noted beside them.
async fn schema_of(runtime: &RuntimeEnv, object: &ObjectMeta) -> Result<Schema> {
    let store = store(runtime)?;
    let metadata = DFParquetMetadata::new(store.as_ref(), object)
        .with_file_metadata_cache(Some(runtime.cache_manager.get_file_metadata_cache()));
    let schema = metadata.fetch_schema().await?;
    let bare = |field: &Arc<Field>| field.as_ref().clone().with_metadata(HashMap::new());
    Ok(Schema::new(schema.fields().iter().map(bare).collect::<Fields>()))
}
