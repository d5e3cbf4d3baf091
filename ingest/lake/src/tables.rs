//! `Tables`: the Delta tables of a data folder or of a prefix of an object store, opened, made, committed to.
//!
//! Whoever rewrites files does so under one application id, so that two cannot overlap. Rows are appended
//! and written as files elsewhere; what they mean is not known here.

use crate::error::LakeError;
use crate::footers::SubjectRange;
use crate::layout::{Layout, statement_tables, table_folder};
use crate::rewrites::NewFile;
use crate::snapshot::{DataFile, TableVersion};
use arrow::datatypes::{Schema, SchemaRef};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, MetadataExt, StructType};
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake::operations::create::CreateBuilder;
use deltalake::operations::update_table_metadata::TableMetadataUpdate;
use deltalake::protocol::DeltaOperation;
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTable, DeltaTableError, TableProperty};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use waymark_event::Instant;

/// Commits that a checkpoint covers are kept this long; listing them would cost every reader.
pub(crate) const LOG_SECONDS: i64 = 3_600;
/// So long a checkpoint carries files that are gone, which nobody asks for: ours are removed by snapshots.
const GONE_RETENTION: &str = "interval 1 hours";
/// Commits between two checkpoints. What a table holds in memory grows by a piece with each commit, and each
/// commit goes through all of them; read from a checkpoint it is one.
const CHECKPOINT_COMMITS: u32 = 50;
/// Columns whose values stay out of the table's statistics, because they can name people.
const PERSONAL: &[&str] = &["body", "person", "author", "committer", "reviewer", "requester", "respondent", "comment"];

/// The tables of one data folder; on this machine it needs the folder's lock.
#[derive(Debug)]
pub struct Tables {
    layout: Layout,
    open: BTreeMap<String, DeltaTable>,
    /// Files that nothing named, and since when: a reader may still be about to read them.
    pub(crate) unnamed: BTreeMap<String, Instant>,
    /// The subjects of large files of statements, by table and file; null where a file tells none.
    pub(crate) ranges: BTreeMap<(String, String), Option<SubjectRange>>,
}

impl Tables {
    /// The tables of a data folder; each is opened when it is first asked for.
    pub fn new(layout: &Layout) -> Self {
        Self { layout: layout.clone(), open: BTreeMap::new(), unnamed: BTreeMap::new(), ranges: BTreeMap::new() }
    }

    /// The paths of the data folder.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The last position of `stream` that `table` holds; null when the table or the stream is new.
    ///
    /// # Errors
    /// `OpenTable` when the table is there and cannot be read.
    pub async fn position(&mut self, table: &str, stream: &str) -> Result<Option<i64>, LakeError> {
        let Some(delta) = self.current(table).await? else { return Ok(None) };
        let log_store = delta.log_store();
        let state = delta.snapshot().map_err(|cause| failed_open(table, cause))?;
        let position = state.transaction_version(log_store.as_ref(), stream.to_owned()).await;
        position.map_err(|cause| failed_open(table, cause))
    }

    /// Makes a table for rows of a schema, when it is not there; columns that are new are added.
    ///
    /// # Errors
    /// `OpenTable` when it cannot be made, `Commit` when a column cannot be added.
    pub async fn prepare(&mut self, table: &str, schema: &SchemaRef) -> Result<(), LakeError> {
        let Some(change) = self.ensure(table, schema).await? else { return Ok(()) };
        let operation =
            DeltaOperation::UpdateTableMetadata { metadata_update: TableMetadataUpdate { name: None, description: None } };
        self.commit(table, vec![change], CommitProperties::default(), operation).await
    }

    /// The version and live files of a table; null when it does not exist.
    ///
    /// # Errors
    /// `OpenTable` when it is there and cannot be read.
    pub async fn version(&mut self, table: &str) -> Result<Option<TableVersion>, LakeError> {
        let Some(delta) = self.current(table).await? else { return Ok(None) };
        let state = delta.snapshot().map_err(|cause| failed_open(table, cause))?;
        Ok(Some(version_of(state)))
    }

    /// A table as it was at a version, as far back as its log reaches.
    ///
    /// # Errors
    /// `OpenTable` when the log does not hold that version.
    pub(crate) async fn version_at(&self, table: &str, version: u64) -> Result<TableVersion, LakeError> {
        let failed = |cause| failed_open(table, cause);
        let mut delta = DeltaTable::new(self.log_store(table));
        delta.load_version(version).await.map_err(failed)?;
        Ok(version_of(delta.snapshot().map_err(failed)?))
    }

    /// The version and live files of every table of statements that exists.
    ///
    /// # Errors
    /// `OpenTable` when one is there and cannot be read.
    pub async fn statement_versions(&mut self) -> Result<BTreeMap<String, TableVersion>, LakeError> {
        let mut versions = BTreeMap::new();
        for table in statement_tables() {
            if let Some(version) = self.version(&table).await? {
                versions.insert(table, version);
            }
        }
        Ok(versions)
    }

    /// A table as it was when it was last looked at.
    pub(crate) fn held(&self, table: &str) -> Option<&DeltaTable> {
        self.open.get(table)
    }

    /// The version of a table when it was last looked at.
    pub(crate) fn held_version(&self, table: &str) -> u64 {
        self.held(table).and_then(DeltaTable::version).and_then(|version| version.to_string().parse().ok()).unwrap_or_default()
    }

    /// A table by itself, so that it can be worked on while others are.
    pub(crate) fn set_apart(&mut self, table: &str) -> Self {
        let mut apart = Self::new(&self.layout);
        apart.open.extend(self.open.remove_entry(table));
        apart
    }

    /// What was set apart, as it is now.
    pub(crate) fn take_back(&mut self, apart: Self) {
        self.open.extend(apart.open);
    }

    /// Lets the state of a table be read anew.
    pub(crate) fn close(&mut self, table: &str) {
        self.open.remove(table);
    }

    /// A table as it is now; null when it does not exist.
    pub(crate) async fn current(&mut self, table: &str) -> Result<Option<&DeltaTable>, LakeError> {
        let failed = |cause| failed_open(table, cause);
        if let Some(delta) = self.open.get_mut(table) {
            // Nobody else writes a folder of which we hold the lock.
            if !self.layout.storage().is_local() {
                delta.update_state().await.map_err(failed)?;
            }
        } else {
            let mut delta = DeltaTable::new(self.log_store(table));
            if !delta.log_store().is_delta_table_location().await.map_err(failed)? {
                return Ok(None);
            }
            delta.load().await.map_err(failed)?;
            self.open.insert(table.to_owned(), delta);
        }
        Ok(self.open.get(table))
    }

    /// Makes the table when it is not there; otherwise the change that adds columns, if any is new.
    pub(crate) async fn ensure(&mut self, table: &str, schema: &SchemaRef) -> Result<Option<Action>, LakeError> {
        let failed = |cause| failed_open(table, cause);
        let kernel: StructType = nullable(schema)
            .as_ref()
            .try_into_kernel()
            .map_err(|cause: arrow::error::ArrowError| failed(DeltaTableError::generic(cause.to_string())))?;
        if let Some(delta) = self.current(table).await? {
            let metadata = delta.snapshot().map_err(failed)?.metadata().clone();
            let known = metadata.parse_schema().map_err(|cause| failed(cause.into()))?;
            if kernel.fields().all(|field| known.contains(field.name())) {
                return Ok(None);
            }
            let added = kernel.fields().filter(|field| !known.contains(field.name()));
            let wider = StructType::try_new(known.fields().chain(added).cloned()).map_err(|cause| failed(cause.into()))?;
            return Ok(Some(Action::Metadata(
                metadata.with_schema(&wider).map_err(|cause| failed(DeltaTableError::generic(cause.to_string())))?,
            )));
        }
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let with_statistics: Vec<&str> = names.filter(|name| !PERSONAL.contains(name)).take(16).collect();
        let created = CreateBuilder::new()
            .with_log_store(self.log_store(table))
            .with_table_name(table)
            .with_columns(kernel.fields().cloned())
            .with_configuration_property(TableProperty::DataSkippingStatsColumns, Some(with_statistics.join(",")))
            .with_configuration_property(TableProperty::LogRetentionDuration, Some(format!("interval {LOG_SECONDS} seconds")))
            .with_configuration_property(TableProperty::DeletedFileRetentionDuration, Some(GONE_RETENTION))
            .with_configuration_property(TableProperty::CheckpointInterval, Some(CHECKPOINT_COMMITS.to_string()))
            .await;
        match created {
            Ok(delta) => {
                self.open.insert(table.to_owned(), delta);
                Ok(None)
            }
            // Another process has made it in the meantime.
            Err(error) => match self.current(table).await? {
                Some(_) => Ok(None),
                None => Err(failed(error)),
            },
        }
    }

    fn log_store(&self, table: &str) -> LogStoreRef {
        let storage = self.layout.storage();
        let folder = table_folder(table);
        let options = StorageConfig::default();
        default_logstore(storage.store_of(&folder), storage.store(), &storage.address(&folder), &options)
    }

    pub(crate) async fn commit(
        &mut self,
        table: &str,
        actions: Vec<Action>,
        properties: CommitProperties,
        operation: DeltaOperation,
    ) -> Result<(), LakeError> {
        let failed = |cause| LakeError::Commit { table: table.to_owned(), cause: Box::new(cause) };
        // A commit that fails or is broken off may be in the log all the same: the state is read anew then.
        let Some(mut delta) = self.open.remove(table) else { return Err(overtaken(table)) };
        let log_store = delta.log_store();
        let state: &DeltaTableState = delta.snapshot().map_err(failed)?;
        // Old commits are removed by the sweep, because looking for them at each commit costs a listing.
        let finished = CommitBuilder::from(properties.with_cleanup_expired_logs(Some(false)))
            .with_actions(actions)
            .build(Some(state), Arc::clone(&log_store), operation)
            .await
            .map_err(failed)?;
        delta.state = Some(finished.snapshot());
        if finished.metrics.new_checkpoint_created {
            match DeltaTableState::try_new(log_store.as_ref(), Some(finished.version())).await {
                Ok(in_one_piece) => delta.state = Some(in_one_piece),
                Err(error) => tracing::debug!(table.name = table, %error, "a new checkpoint could not be read"),
            }
        }
        self.open.insert(table.to_owned(), delta);
        Ok(())
    }
}

fn version_of(state: &DeltaTableState) -> TableVersion {
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
    TableVersion { version: state.version().to_string().parse().unwrap_or_default(), files }
}

pub(crate) fn add(file: &NewFile) -> Add {
    Add {
        path: file.name.clone(),
        partition_values: HashMap::new(),
        size: i64::try_from(file.size_bytes).unwrap_or(i64::MAX),
        modification_time: file.written_at.micros() / 1_000,
        data_change: true,
        stats: Some(serde_json::json!({ "numRecords": file.rows }).to_string()),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

pub(crate) fn failed_open(table: &str, cause: DeltaTableError) -> LakeError {
    LakeError::OpenTable { table: table.to_owned(), cause: Box::new(cause) }
}

pub(crate) fn overtaken(table: &str) -> LakeError {
    LakeError::Overtaken { table: table.to_owned() }
}

/// Columns are added at the end and may be absent from older files, so every column may be null.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    Arc::new(Schema::new(fields))
}
