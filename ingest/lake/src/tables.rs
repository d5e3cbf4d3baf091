//! `Tables`: the Delta tables of a data folder, written by one process at a time.
//!
//! Every append carries Delta's application transaction (stream, position), and positions are
//! compared here before each commit and read again after any error: the transaction alone is no
//! compare-and-set. What the rows mean is not known here.

use crate::durable::DurableStore;
use crate::error::LakeError;
use crate::layout::Layout;
use crate::snapshot::{DataFile, Snapshot, TableVersion};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, StructType, Transaction};
use deltalake::logstore::LogStoreRef;
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use waymark_event::{Instant, ObservationId};

/// Columns whose values stay out of the table's statistics, because they can name people.
const PERSONAL: &[&str] = &["body", "person", "author", "committer", "reviewer", "requester", "respondent", "comment"];

/// The tables of one data folder; needs the folder's lock.
#[derive(Debug)]
pub struct Tables {
    layout: Layout,
    store: Arc<DurableStore>,
    open: BTreeMap<String, DeltaTable>,
}

impl Tables {
    /// The tables of a data folder; each is opened when it is first asked for.
    pub fn new(layout: &Layout) -> Self {
        Self { layout: layout.clone(), store: Arc::new(DurableStore::new()), open: BTreeMap::new() }
    }

    /// The last position of `stream` that `table` holds; null when the table or the stream is new.
    ///
    /// # Errors
    /// `OpenTable` when the table is there and cannot be read.
    pub async fn position(&mut self, table: &str, stream: &str) -> Result<Option<i64>, LakeError> {
        if !self.open.contains_key(table) && !self.layout.table(table).join("_delta_log").exists() {
            return Ok(None);
        }
        let delta = self.existing(table).await?;
        let state = delta.snapshot().map_err(|cause| failed_open(table, cause))?;
        let log_store = delta.log_store();
        let position = state.transaction_version(log_store.as_ref(), stream.to_owned()).await;
        position.map_err(|cause| failed_open(table, cause))
    }

    /// Appends rows that end at `position` of `stream`; rows that the table already holds are the
    /// caller's to leave out, and an append that is not new is passed over.
    ///
    /// # Errors
    /// `Encode`, `Store` or `Commit`; then nothing of it is visible.
    pub async fn append(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        stream: &str,
        position: i64,
        now: Instant,
    ) -> Result<(), LakeError> {
        self.ensure(table, &batch.schema()).await?;
        if self.position(table, stream).await?.is_some_and(|held| held >= position) {
            return Ok(());
        }
        let file = encoded(table, batch)?;
        let name = format!("part-{}.zstd.parquet", waymark_event::DeliveryId::received(now));
        let add = self.write_file(table, file, name, now).await?;
        let properties = CommitProperties::default().with_application_transaction(Transaction::new(stream, position));
        let outcome = self.commit(table, vec![Action::Add(add)], properties, SaveMode::Append).await;
        let Err(error) = outcome else { return Ok(()) };
        // A put can succeed and still answer an error: what the log says decides.
        self.open.remove(table);
        match self.position(table, stream).await? {
            Some(held) if held >= position => Ok(()),
            _ => Err(error),
        }
    }

    /// Replaces the whole content of a table in one commit; readers of older snapshots keep theirs.
    ///
    /// # Errors
    /// `Encode`, `Store` or `Commit`; then the old content stands.
    pub async fn replace(&mut self, table: &str, batch: &RecordBatch, now: Instant) -> Result<(), LakeError> {
        self.ensure(table, &batch.schema()).await?;
        let file = encoded(table, batch)?;
        let name = file.content_name();
        let delta = self.existing(table).await?;
        let state = delta.snapshot().map_err(|cause| failed_open(table, cause))?;
        if state.log_data().num_files() == 1 && state.log_data().iter().all(|live| live.path() == name) {
            return Ok(());
        }
        let mut actions: Vec<Action> = state.log_data().iter().map(|file| Action::Remove(file.remove_action(true))).collect();
        actions.push(Action::Add(self.write_file(table, file, name, now).await?));
        self.commit(table, actions, CommitProperties::default(), SaveMode::Overwrite).await
    }

    /// The version and live files of a table; null when it does not exist.
    ///
    /// # Errors
    /// `OpenTable` when it is there and cannot be read.
    pub async fn version(&mut self, table: &str) -> Result<Option<TableVersion>, LakeError> {
        if !self.open.contains_key(table) && !self.layout.table(table).join("_delta_log").exists() {
            return Ok(None);
        }
        let delta = self.existing(table).await?;
        let state = delta.snapshot().map_err(|cause| failed_open(table, cause))?;
        let mut files: Vec<DataFile> = state
            .log_data()
            .iter()
            .map(|file| DataFile {
                path: file.path().into_owned(),
                size_bytes: file.size().unsigned_abs(),
                rows: file.num_records().unwrap_or_default() as u64,
            })
            .collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Some(TableVersion { version: state.version().to_string().parse().unwrap_or_default(), files }))
    }

    /// Removes files of tables that are replaced whole, once no kept snapshot names them.
    ///
    /// # Errors
    /// `SnapshotFile` when a snapshot or a folder cannot be read.
    pub fn remove_unreferenced<'table>(&self, tables: impl IntoIterator<Item = &'table String>) -> Result<(), LakeError> {
        let kept = Snapshot::kept(&self.layout)?;
        for table in tables {
            let folder = self.layout.table(table);
            let failed = |cause| LakeError::SnapshotFile { operation: "clean up behind", path: folder.clone(), cause };
            let is_named = |name: &str| {
                let versions = kept.iter().filter_map(|snapshot| snapshot.tables.get(table));
                versions.flat_map(|version| &version.files).any(|file| file.path == name)
            };
            for entry in std::fs::read_dir(&folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                if name.ends_with(".parquet") && !is_named(&name) {
                    std::fs::remove_file(&path).map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    async fn existing(&mut self, table: &str) -> Result<&DeltaTable, LakeError> {
        if !self.open.contains_key(table) {
            let mut delta = self.unloaded(table)?;
            delta.load().await.map_err(|cause| failed_open(table, cause))?;
            self.open.insert(table.to_owned(), delta);
        }
        self.open.get(table).ok_or_else(|| failed_open(table, DeltaTableError::NotATable(table.to_owned())))
    }

    async fn ensure(&mut self, table: &str, schema: &SchemaRef) -> Result<(), LakeError> {
        if self.open.contains_key(table) || self.layout.table(table).join("_delta_log").exists() {
            return Ok(());
        }
        let failed = |cause| failed_open(table, cause);
        let path = self.layout.table(table);
        std::fs::create_dir_all(&path).map_err(|cause| LakeError::Folder { path, cause })?;
        let kernel: StructType = nullable(schema)
            .as_ref()
            .try_into_kernel()
            .map_err(|cause: arrow::error::ArrowError| failed(DeltaTableError::generic(cause.to_string())))?;
        let with_statistics: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .filter(|name| !PERSONAL.contains(name))
            .take(16)
            .collect();
        let log_store: LogStoreRef = self.unloaded(table)?.log_store();
        let delta = CreateBuilder::new()
            .with_log_store(log_store)
            .with_table_name(table)
            .with_columns(kernel.fields().cloned())
            .with_configuration_property(deltalake::TableProperty::DataSkippingStatsColumns, Some(with_statistics.join(",")))
            .await
            .map_err(failed)?;
        self.open.insert(table.to_owned(), delta);
        Ok(())
    }

    fn unloaded(&self, table: &str) -> Result<DeltaTable, LakeError> {
        let path = self.layout.table(table);
        let url = url::Url::from_directory_path(&path)
            .map_err(|()| failed_open(table, DeltaTableError::InvalidTableLocation(path.display().to_string())))?;
        let store: Arc<dyn object_store::ObjectStore> = Arc::<DurableStore>::clone(&self.store);
        DeltaTableBuilder::from_url(url.clone())
            .and_then(|builder| builder.with_storage_backend(store, url).build())
            .map_err(|cause| failed_open(table, cause))
    }

    async fn write_file(&self, table: &str, file: Encoded, name: String, now: Instant) -> Result<Add, LakeError> {
        let Encoded { bytes, rows } = file;
        let size = bytes.len();
        let failed = |cause| LakeError::Store { table: table.to_owned(), cause };
        let path = Path::from_absolute_path(self.layout.table(table).join(&name))
            .map_err(|source| failed(object_store::Error::InvalidPath { source }))?;
        self.store.put(&path, PutPayload::from(bytes)).await.map_err(failed)?;
        Ok(Add {
            path: name,
            partition_values: HashMap::new(),
            size: i64::try_from(size).unwrap_or(i64::MAX),
            modification_time: now.micros() / 1_000,
            data_change: true,
            stats: Some(serde_json::json!({ "numRecords": rows }).to_string()),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }

    async fn commit(
        &mut self,
        table: &str,
        actions: Vec<Action>,
        properties: CommitProperties,
        mode: SaveMode,
    ) -> Result<(), LakeError> {
        let failed = |cause| LakeError::Commit { table: table.to_owned(), cause: Box::new(cause) };
        let delta = self.existing(table).await?;
        let log_store = delta.log_store();
        let state = delta.snapshot().map_err(failed)?;
        let operation = DeltaOperation::Write { mode, partition_by: None, predicate: None };
        let finished = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state), log_store, operation)
            .await
            .map_err(failed)?;
        if let Some(delta) = self.open.get_mut(table) {
            delta.state = Some(finished.snapshot());
        }
        Ok(())
    }
}

/// Rows as the bytes of one Parquet file.
struct Encoded {
    bytes: Vec<u8>,
    rows: usize,
}

impl Encoded {
    /// A name that equal content shares, so that unchanged facts are not written again.
    fn content_name(&self) -> String {
        format!("facts-{}.zstd.parquet", ObservationId::of("file", &self.bytes).as_str())
    }
}

fn encoded(table: &str, batch: &RecordBatch) -> Result<Encoded, LakeError> {
    let rows = batch.num_rows();
    let bytes = encode(batch).map_err(|cause| LakeError::Encode { table: table.to_owned(), rows, cause })?;
    Ok(Encoded { bytes, rows })
}

fn failed_open(table: &str, cause: DeltaTableError) -> LakeError {
    LakeError::OpenTable { table: table.to_owned(), cause: Box::new(cause) }
}

/// Columns are added at the end and may be absent from older files, so every column may be null.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    Arc::new(Schema::new(fields))
}

fn encode(batch: &RecordBatch) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(512 * 1_024))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(batch)?;
    writer.into_inner()
}
