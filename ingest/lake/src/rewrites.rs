//! Files of a table in the place of others, and the files that nobody names any more.
//!
//! Every rewriter commits under one application id, so of two that overlap one is refused. Rows are
//! read and written elsewhere (`files.rs`, `runs.rs`); here only whole files come and go.

use crate::error::LakeError;
use crate::layout::table_folder;
use crate::snapshot::{DataFile, Snapshot, TableVersion};
use crate::tables::{LOG_SECONDS, Tables, add, failed_open, overtaken};
use deltalake::kernel::transaction::CommitProperties;
use deltalake::kernel::{Action, Add, Transaction};
use deltalake::protocol::DeltaOperation;
use deltalake::protocol::checkpoints::cleanup_expired_logs_for;
use std::collections::{BTreeMap, BTreeSet};
use waymark_event::{Clock, Instant, SystemClock};

/// The application under which every rewriter of files commits: two that overlap conflict.
const MAINTENANCE: &str = "waymark-maintenance";
/// On a store that machines share, a file that nobody names is left alone at least this long.
const SHARED_GRACE_SECONDS: i64 = 3_600;

/// A file that is written and that no commit names yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its name in the table's folder.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Number of rows.
    pub rows: usize,
    pub(crate) written_at: Instant,
}

impl NewFile {
    /// The file as snapshots name it.
    pub fn data_file(&self) -> DataFile {
        DataFile { path: self.name.clone(), size_bytes: self.size_bytes, rows: self.rows as u64 }
    }

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

impl Tables {
    /// Puts files in the place of others, in one commit under the application id of all rewriters.
    ///
    /// # Errors
    /// `Overtaken` when a file that is to go has gone already, `Commit` when another rewriter was
    /// quicker; then the old files stand, and the caller begins anew.
    pub async fn rewrite(&mut self, table: &str, rewrite: Rewrite, now: Instant) -> Result<(), LakeError> {
        let turn = self.turn(table).await? + 1;
        let Some(delta) = self.held(table) else { return Err(overtaken(table)) };
        let state = delta.snapshot().map_err(|cause| failed_open(table, cause))?;
        let live: BTreeMap<String, _> = state
            .log_data()
            .iter()
            .map(|file| (file.path().into_owned(), file.remove_action(rewrite.is_data_change)))
            .collect();
        let mut actions = Vec::with_capacity(rewrite.removed.len() + rewrite.added.len());
        let kept: BTreeSet<&str> = rewrite.added.iter().map(|file| file.name.as_str()).collect();
        for name in rewrite.removed.iter().filter(|name| !kept.contains(name.as_str())) {
            actions.push(Action::Remove(live.get(name).cloned().ok_or_else(|| overtaken(table))?));
        }
        let new = rewrite.added.iter().filter(|file| !live.contains_key(&file.name));
        actions.extend(new.map(|file| Action::Add(Add { data_change: rewrite.is_data_change, ..add(file) })));
        if actions.is_empty() {
            return Ok(());
        }
        let properties = CommitProperties::default().with_application_transaction(Transaction::new(MAINTENANCE, turn));
        let operation = DeltaOperation::Optimize { predicate: None, target_size: 0 };
        let Err(error) = self.commit(table, actions, properties, operation).await else { return Ok(()) };
        self.close(table);
        let (removed, added) = (&rewrite.removed, &rewrite.added);
        let live = self.version(table).await?.map(|version| version.files).unwrap_or_default();
        let is_live = |name: &str| live.iter().any(|file| file.path == name);
        let is_done = added.iter().all(|file| is_live(&file.name))
            && removed.iter().all(|name| kept.contains(name.as_str()) || !is_live(name));
        if is_done {
            tracing::warn!(table.name = table, now = %now.to_rfc3339(), "a commit that was answered by an error is in the log");
            return Ok(());
        }
        match self.turn(table).await? {
            held if held >= turn => Err(overtaken(table)),
            _ => Err(error),
        }
    }

    /// How many rewrites of a table there were.
    async fn turn(&mut self, table: &str) -> Result<i64, LakeError> {
        Ok(self.position(table, MAINTENANCE).await?.unwrap_or(0))
    }

    /// Makes exactly these files the live ones of a table, in one commit if anything differs.
    ///
    /// # Errors
    /// As [`Tables::rewrite`].
    pub async fn make_live(&mut self, table: &str, files: Vec<NewFile>, now: Instant) -> Result<TableVersion, LakeError> {
        let mut shown: Vec<DataFile> = files.iter().map(NewFile::data_file).collect();
        shown.sort_by(|left, right| left.path.cmp(&right.path));
        shown.dedup();
        let live = self.version(table).await?.map(|version| version.files).unwrap_or_default();
        let wanted: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let removed = live.iter().filter(|file| !wanted.contains(file.path.as_str())).map(|file| file.path.clone()).collect();
        let mut names: BTreeSet<String> = live.into_iter().map(|file| file.path).collect();
        let added = files.into_iter().filter(|file| names.insert(file.name.clone())).collect();
        self.rewrite(table, Rewrite { removed, added, is_data_change: true }, now).await?;
        // What another machine commits right after is not ours to show.
        Ok(TableVersion { version: self.held_version(table), files: shown })
    }

    /// Removes files of a table that neither its newest version nor a kept snapshot has named for
    /// `grace_seconds`: whoever is still reading them has had that long.
    ///
    /// # Errors
    /// `Object` when the files cannot be listed or removed; what is left is found again by the next sweep.
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
        let is_shared = !self.layout().storage().is_local();
        for stored in self.layout().storage().list_folder(&folder).await? {
            let name = stored.path.rsplit('/').next().unwrap_or_default();
            if !name.ends_with(".parquet") || named.contains(name) {
                self.unnamed.remove(&stored.path);
                continue;
            }
            let since = *self.unnamed.entry(stored.path.clone()).or_insert(now);
            if since.plus_seconds(grace_seconds) > now {
                continue;
            }
            // Another machine may have put the file and be about to commit it.
            let written = Instant::from_micros(stored.modified_micros);
            if is_shared && written.plus_seconds(SHARED_GRACE_SECONDS.max(grace_seconds)) > now {
                continue;
            }
            if self.layout().storage().remove(&stored.path).await? {
                removed.files += 1;
                removed.size_bytes += stored.size_bytes;
            }
            self.unnamed.remove(&stored.path);
        }
        self.trim_log(table, kept).await?;
        Ok(removed)
    }

    /// Removes commits that are older than the log is kept and that a checkpoint covers, of which a kept snapshot
    /// has no need: a backup copies the log up to the version that a snapshot shows.
    async fn trim_log(&mut self, table: &str, kept: &[Snapshot]) -> Result<(), LakeError> {
        let Some(delta) = self.current(table).await? else { return Ok(()) };
        let newest = delta.snapshot().map_err(|cause| failed_open(table, cause))?.version();
        let shown = kept.iter().filter_map(|snapshot| snapshot.tables.get(table)).map(|version| version.version);
        let needed = shown.chain([newest]).min().unwrap_or(newest);
        // A store dates its files by the real time, whichever the data are about.
        let cutoff = SystemClock.now().plus_seconds(-LOG_SECONDS).micros() / 1_000;
        let trimmed = cleanup_expired_logs_for(needed, delta.log_store().as_ref(), cutoff, None).await;
        trimmed.map(|_| ()).map_err(|cause| failed_open(table, cause))
    }
}
