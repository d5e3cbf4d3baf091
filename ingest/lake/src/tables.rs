//! `Tables`: the Delta tables of a data folder or of a prefix of an object store.
//!
//! Every append carries Delta's application transaction (stream, position), and positions are
//! compared here before each commit and read again after any error: the transaction alone is no
//! compare-and-set. Whoever rewrites files does so under one application id, so that two cannot
//! overlap. What the rows mean is not known here.

use crate::error::LakeError;
use crate::files::{encoded, in_order};
use crate::layout::{Layout, table_folder};
use crate::snapshot::{DataFile, Snapshot, TableVersion};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, MetadataExt, StructType, Transaction};
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake::operations::create::CreateBuilder;
use deltalake::operations::update_table_metadata::TableMetadataUpdate;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTable, DeltaTableError};
use object_store::{ObjectStoreExt, PutPayload};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::sync::Arc;
use waymark_event::{Instant, ObservationId};

/// Columns whose values stay out of the table's statistics, because they can name people.
const PERSONAL: &[&str] = &["body", "person", "author", "committer", "reviewer", "requester", "respondent", "comment"];
/// The application under which every rewriter of files commits: two that overlap conflict.
const MAINTENANCE: &str = "waymark-maintenance";

/// A file that is written and that no commit names yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its name in the table's folder.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Number of rows.
    pub rows: usize,
    written_at: Instant,
}

impl NewFile {
    /// A file that was live before and shall be again.
    pub fn again(file: &DataFile, now: Instant) -> Self {
        let rows = usize::try_from(file.rows).unwrap_or(usize::MAX);
        Self { name: file.path.clone(), size_bytes: file.size_bytes, rows, written_at: now }
    }
}

/// Files of a table that others take the place of, in one commit.
#[derive(Clone, Debug, Default)]
pub struct Rewrite {
    /// Names of live files that go.
    pub removed: Vec<String>,
    /// Files that come.
    pub added: Vec<NewFile>,
    /// Whether the rows differ; a merge only arranges them anew.
    pub is_data_change: bool,
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Number of files.
    pub files: usize,
    /// Their size in bytes.
    pub size_bytes: u64,
}

/// The tables of one data folder; on this machine it needs the folder's lock.
#[derive(Debug)]
pub struct Tables {
    layout: Layout,
    open: BTreeMap<String, DeltaTable>,
    /// Files that nothing named, and since when: a reader may still be about to read them.
    unnamed: BTreeMap<String, Instant>,
}

impl Tables {
    /// The tables of a data folder; each is opened when it is first asked for.
    pub fn new(layout: &Layout) -> Self {
        Self { layout: layout.clone(), open: BTreeMap::new(), unnamed: BTreeMap::new() }
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

    /// Appends rows that end at `position` of `stream`; an append that is not new is passed over.
    ///
    /// # Errors
    /// As [`Tables::append_since`].
    pub async fn append(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        stream: &str,
        position: i64,
        now: Instant,
    ) -> Result<(), LakeError> {
        self.append_since(table, batch, stream, position..=position, now).await
    }

    /// Appends the rows of a range of positions of `stream`; a range that the table holds already is
    /// passed over.
    ///
    /// # Errors
    /// `Overtaken` when the table holds the beginning of the range and not its end, because then the
    /// caller has to read the rest by itself; `Encode`, `Store` or `Commit`. Nothing of it is visible then.
    pub async fn append_since(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        stream: &str,
        positions: RangeInclusive<i64>,
        now: Instant,
    ) -> Result<(), LakeError> {
        let schema_change = self.ensure(table, &batch.schema()).await?;
        let position = *positions.end();
        match self.position(table, stream).await? {
            Some(held) if held >= position => return Ok(()),
            Some(held) if held >= *positions.start() => return Err(overtaken(table)),
            _ => {}
        }
        let name = format!("part-{}.zstd.parquet", waymark_event::DeliveryId::received(now));
        let file = self.write_in_order(table, &name, batch, now).await?;
        let properties = CommitProperties::default().with_application_transaction(Transaction::new(stream, position));
        let actions = schema_change.into_iter().chain([Action::Add(add(&file, true))]).collect();
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let Err(error) = self.commit(table, actions, properties, operation).await else { return Ok(()) };
        // A put can succeed and still answer an error: what the log says decides.
        self.open.remove(table);
        match self.position(table, stream).await? {
            Some(held) if held >= position => Ok(()),
            _ => Err(error),
        }
    }

    /// Writes rows, sorted as the table keeps them, as a file that no commit names yet.
    ///
    /// # Errors
    /// `Arrange`, `Encode` or `Store`.
    pub async fn write_in_order(&self, table: &str, name: &str, batch: &RecordBatch, now: Instant) -> Result<NewFile, LakeError> {
        let batch = in_order(table, batch).map_err(|cause| LakeError::Arrange { table: table.to_owned(), cause })?;
        self.write(table, name, &batch, now).await
    }

    /// Writes rows as a file that no commit names yet.
    ///
    /// # Errors
    /// `Encode` or `Store`.
    pub async fn write(&self, table: &str, name: &str, batch: &RecordBatch, now: Instant) -> Result<NewFile, LakeError> {
        let rows = batch.num_rows();
        let bytes = encoded(batch).map_err(|cause| LakeError::Encode { table: table.to_owned(), rows, cause })?;
        self.put(table, name, bytes, rows, now).await
    }

    /// The same under a name that ends in a hash of the content, so that equal rows are one file.
    /// A file that is `live` already is not written again.
    ///
    /// # Errors
    /// `Encode` or `Store`.
    pub async fn write_by_content(
        &self,
        table: &str,
        stem: &str,
        batch: &RecordBatch,
        live: &BTreeSet<String>,
        now: Instant,
    ) -> Result<NewFile, LakeError> {
        let rows = batch.num_rows();
        let bytes = encoded(batch).map_err(|cause| LakeError::Encode { table: table.to_owned(), rows, cause })?;
        let name = format!("{stem}-{}.zstd.parquet", ObservationId::of("file", &bytes).as_str());
        if live.contains(&name) {
            return Ok(NewFile { name, size_bytes: bytes.len() as u64, rows, written_at: now });
        }
        self.put(table, &name, bytes, rows, now).await
    }

    async fn put(&self, table: &str, name: &str, bytes: Vec<u8>, rows: usize, now: Instant) -> Result<NewFile, LakeError> {
        let size_bytes = bytes.len() as u64;
        let failed = |cause| LakeError::Store { table: table.to_owned(), cause };
        let object = self.layout.table_object(table, name);
        self.layout.storage().store().put(&object, PutPayload::from(bytes)).await.map_err(failed)?;
        Ok(NewFile { name: name.to_owned(), size_bytes, rows, written_at: now })
    }

    /// Puts files in the place of others, in one commit under the application id of all rewriters.
    ///
    /// # Errors
    /// `Overtaken` when a file that is to go has gone already, `Commit` when another rewriter was
    /// quicker; then the old files stand, and the caller begins anew.
    pub async fn rewrite(&mut self, table: &str, rewrite: Rewrite, now: Instant) -> Result<(), LakeError> {
        let Some(delta) = self.current(table).await? else { return Err(overtaken(table)) };
        let log_store = delta.log_store();
        let state = delta.snapshot().map_err(|cause| failed_open(table, cause))?;
        let held = state.transaction_version(log_store.as_ref(), MAINTENANCE).await;
        let turn = held.map_err(|cause| failed_open(table, cause))?.unwrap_or(0) + 1;
        let live: BTreeMap<String, _> =
            state.log_data().iter().map(|file| (file.path().into_owned(), file.remove_action(rewrite.is_data_change))).collect();
        let mut actions = Vec::with_capacity(rewrite.removed.len() + rewrite.added.len());
        let kept: BTreeSet<&str> = rewrite.added.iter().map(|file| file.name.as_str()).collect();
        for name in rewrite.removed.iter().filter(|name| !kept.contains(name.as_str())) {
            actions.push(Action::Remove(live.get(name).cloned().ok_or_else(|| overtaken(table))?));
        }
        let new = rewrite.added.iter().filter(|file| !live.contains_key(&file.name));
        actions.extend(new.map(|file| Action::Add(add(file, rewrite.is_data_change))));
        if actions.is_empty() {
            return Ok(());
        }
        let properties = CommitProperties::default().with_application_transaction(Transaction::new(MAINTENANCE, turn));
        let operation = DeltaOperation::Optimize { predicate: None, target_size: 0 };
        let Err(error) = self.commit(table, actions, properties, operation).await else { return Ok(()) };
        self.open.remove(table);
        let (removed, added) = (&rewrite.removed, &rewrite.added);
        let live = self.version(table).await?.map(|version| version.files).unwrap_or_default();
        let is_live = |name: &str| live.iter().any(|file| file.path == name);
        let is_done = added.iter().all(|file| is_live(&file.name))
            && removed.iter().all(|name| kept.contains(name.as_str()) || !is_live(name));
        if is_done {
            tracing::warn!(table.name = table, now = %now.to_rfc3339(), "a commit that was answered by an error is in the log");
            return Ok(());
        }
        Err(error)
    }

    /// Makes exactly these files the live ones of a table, in one commit if anything differs.
    ///
    /// # Errors
    /// As [`Tables::rewrite`].
    pub async fn make_live(&mut self, table: &str, files: Vec<NewFile>, now: Instant) -> Result<(), LakeError> {
        let live = self.version(table).await?.map(|version| version.files).unwrap_or_default();
        let wanted: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let removed = live.iter().filter(|file| !wanted.contains(file.path.as_str())).map(|file| file.path.clone()).collect();
        let mut names: BTreeSet<String> = live.into_iter().map(|file| file.path).collect();
        let added = files.into_iter().filter(|file| names.insert(file.name.clone())).collect();
        self.rewrite(table, Rewrite { removed, added, is_data_change: true }, now).await
    }

    /// Makes a table for rows of a schema, when it is not there; columns that are new are added.
    ///
    /// # Errors
    /// `OpenTable` when it cannot be made, `Commit` when a column cannot be added.
    pub async fn prepare(&mut self, table: &str, schema: &SchemaRef) -> Result<(), LakeError> {
        let Some(change) = self.ensure(table, schema).await? else { return Ok(()) };
        let operation = DeltaOperation::UpdateTableMetadata { metadata_update: TableMetadataUpdate { name: None, description: None } };
        self.commit(table, vec![change], CommitProperties::default(), operation).await
    }

    /// The version and live files of a table; null when it does not exist.
    ///
    /// # Errors
    /// `OpenTable` when it is there and cannot be read.
    pub async fn version(&mut self, table: &str) -> Result<Option<TableVersion>, LakeError> {
        let Some(delta) = self.current(table).await? else { return Ok(None) };
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

    /// Removes files of a table that neither its newest version nor a kept snapshot has named for
    /// `grace_seconds`: whoever is still reading them has had that long.
    ///
    /// # Errors
    /// `Object` when the files cannot be listed or removed.
    pub async fn sweep(
        &mut self,
        table: &str,
        kept: &[Snapshot],
        grace_seconds: i64,
        now: Instant,
    ) -> Result<Removed, LakeError> {
        let mut named: BTreeSet<String> =
            self.version(table).await?.into_iter().flat_map(|version| version.files).map(|file| file.path).collect();
        let versions = kept.iter().filter_map(|snapshot| snapshot.tables.get(table));
        named.extend(versions.flat_map(|version| &version.files).map(|file| file.path.clone()));
        let folder = table_folder(table);
        let mut removed = Removed::default();
        for stored in self.layout.storage().list(&folder).await? {
            let name = stored.path.strip_prefix(&format!("{folder}/")).unwrap_or_default();
            if !name.ends_with(".parquet") || name.contains('/') || named.contains(name) {
                self.unnamed.remove(&stored.path);
                continue;
            }
            let since = *self.unnamed.entry(stored.path.clone()).or_insert(now);
            if since.plus_seconds(grace_seconds) > now {
                continue;
            }
            self.layout.storage().remove(&stored.path).await?;
            self.unnamed.remove(&stored.path);
            removed.files += 1;
            removed.size_bytes += stored.size_bytes;
        }
        Ok(removed)
    }

    /// A table as it is now; null when it does not exist.
    async fn current(&mut self, table: &str) -> Result<Option<&DeltaTable>, LakeError> {
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
    async fn ensure(&mut self, table: &str, schema: &SchemaRef) -> Result<Option<Action>, LakeError> {
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
            return Ok(Some(Action::Metadata(metadata.with_schema(&wider).map_err(|cause| failed(DeltaTableError::generic(cause.to_string())))?)));
        }
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let with_statistics: Vec<&str> = names.filter(|name| !PERSONAL.contains(name)).take(16).collect();
        let created = CreateBuilder::new()
            .with_log_store(self.log_store(table))
            .with_table_name(table)
            .with_columns(kernel.fields().cloned())
            .with_configuration_property(deltalake::TableProperty::DataSkippingStatsColumns, Some(with_statistics.join(",")))
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

    async fn commit(
        &mut self,
        table: &str,
        actions: Vec<Action>,
        properties: CommitProperties,
        operation: DeltaOperation,
    ) -> Result<(), LakeError> {
        let failed = |cause| LakeError::Commit { table: table.to_owned(), cause: Box::new(cause) };
        let Some(delta) = self.open.get_mut(table) else { return Err(overtaken(table)) };
        let log_store = delta.log_store();
        let state: &DeltaTableState = delta.snapshot().map_err(failed)?;
        let finished = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state), log_store, operation)
            .await
            .map_err(failed)?;
        delta.state = Some(finished.snapshot());
        Ok(())
    }
}

fn add(file: &NewFile, is_data_change: bool) -> Add {
    Add {
        path: file.name.clone(),
        partition_values: HashMap::new(),
        size: i64::try_from(file.size_bytes).unwrap_or(i64::MAX),
        modification_time: file.written_at.micros() / 1_000,
        data_change: is_data_change,
        stats: Some(serde_json::json!({ "numRecords": file.rows }).to_string()),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

fn failed_open(table: &str, cause: DeltaTableError) -> LakeError {
    LakeError::OpenTable { table: table.to_owned(), cause: Box::new(cause) }
}

fn overtaken(table: &str) -> LakeError {
    LakeError::Overtaken { table: table.to_owned() }
}

/// Columns are added at the end and may be absent from older files, so every column may be null.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields: Vec<_> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    Arc::new(Schema::new(fields))
}
