//! Paths of a data folder: the only place that spells one.
//!
//! The local part (inbox, lock, spill) is always a folder of this machine. Tables and snapshots lie
//! in the same folder, or below a prefix of an object store that several machines share.

use crate::durable::{is_draft, make_folder, remove_drafts, write_atomically};
use crate::error::LakeError;
use crate::storage::Storage;
use crate::{DELIVERIES, REJECTIONS};
use bytes::Bytes;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use waymark_event::{Clock, Instant, SystemClock, Table};

/// The newest format of a data folder that this program writes. Version 2 added `subject` to the
/// observations; a folder of version 1 is brought up by `waymark rebuild`.
pub const FORMAT_VERSION: u32 = 2;

/// The object that says in which format everything beside it is.
pub(crate) const FORMAT: &str = "format.json";
/// Where a restore gathers what it then moves up.
pub(crate) const RESTORING: &str = ".restoring";
/// Snapshots, one object each.
pub(crate) const SNAPSHOTS: &str = "snapshots";
/// The log of forgotten people, some small objects.
pub(crate) const FORGOTTEN: &str = "forgotten";
/// The secret key of pseudonyms.
pub(crate) const PEOPLE_KEY: &str = "people.key";
/// How long that is.
pub(crate) const PEOPLE_KEY_BYTES: usize = 32;
/// How the folders begin into which questions of single commands spill.
const SPILL: &str = "spill-";
/// What lies in the data folder itself may be of a process that needs no lock, as long as it is not older than this.
const LEFT_OVER_SECONDS: i64 = 86_400;

/// The name of the table that holds one kind of observations; facts may share the kind's own name.
pub fn observed_table(kind: &str) -> String {
    format!("observed/{kind}")
}

/// The tables that statements are appended to: observations, rejections, and `deliveries` last.
pub fn statement_tables() -> impl Iterator<Item = String> {
    let observed = Table::ALL.iter().map(|table| observed_table(table.name()));
    observed.chain([REJECTIONS.to_owned(), DELIVERIES.to_owned()])
}

/// The name of the table that holds one fact.
pub fn fact_table(fact: &str) -> String {
    format!("facts/{fact}")
}

/// The paths of one data folder.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    storage: Storage,
}

#[derive(Serialize, Deserialize)]
struct Format {
    version: u32,
}

impl Layout {
    /// Opens the data folder at `root`, and makes it when it is not there.
    ///
    /// # Errors
    /// `Folder` when it cannot be made or read, `FolderName` when tables cannot lie below its path, `FormatForm` when its
    /// format cannot be understood, `NewerFormat` when a newer program wrote it.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        let folder = |cause| LakeError::Folder { path: root.to_owned(), cause };
        make_folder(&root.join("lake")).map_err(folder)?;
        make_folder(&root.join(SNAPSHOTS)).map_err(folder)?;
        let root = std::fs::canonicalize(root).map_err(folder)?;
        let layout = Self { storage: Storage::local(&root)?, root };
        let path = layout.root.join(FORMAT);
        let unreadable = |cause| LakeError::Folder { path: path.clone(), cause };
        match std::fs::read(&path) {
            Ok(bytes) => layout.known(&bytes).map(|_| layout),
            // A restore that was interrupted has not moved everything up yet.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && layout.root.join(RESTORING).exists() => {
                Err(LakeError::HalfRestored { path: layout.root })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_atomically(&path, &newest_format()).map_err(unreadable)?;
                Ok(layout)
            }
            Err(cause) => Err(unreadable(cause)),
        }
    }

    /// Opens a data folder that must be there already.
    ///
    /// # Errors
    /// `Folder` when it is not there, `NewerFormat` when a newer program wrote it.
    pub fn existing(root: &Path) -> Result<Self, LakeError> {
        let path = std::fs::canonicalize(root).map_err(|cause| LakeError::Folder { path: root.to_owned(), cause })?;
        Self::open(&path)
    }

    /// Opens tables and snapshots in an object store, with the local part in `local`.
    ///
    /// # Errors
    /// As [`Storage::connect`], `Folder` for the local part, `NewerFormat` when a newer program wrote there.
    pub async fn connect(location: &str, local: &Path) -> Result<Self, LakeError> {
        Self::over(Storage::connect(location).await?, local).await
    }

    /// The same with a store that is made already.
    ///
    /// # Errors
    /// As [`Storage::of`], `Folder` for the local part, `NewerFormat` when a newer program wrote there.
    pub async fn with_store(store: Arc<dyn ObjectStore>, prefix: &str, local: &Path) -> Result<Self, LakeError> {
        Self::over(Storage::of(store, prefix).await?, local).await
    }

    async fn over(storage: Storage, local: &Path) -> Result<Self, LakeError> {
        let folder = |cause| LakeError::Folder { path: local.to_owned(), cause };
        make_folder(local).map_err(folder)?;
        let layout = Self { root: std::fs::canonicalize(local).map_err(folder)?, storage };
        if let Some(bytes) = layout.storage.get(FORMAT).await? {
            layout.known(&bytes)?;
        } else {
            layout.storage.create(FORMAT, newest_format().into()).await?;
        }
        Ok(layout)
    }

    /// The folder of this machine: the inbox, the lock and what queries spill.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where tables and snapshots lie.
    pub const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The SQLite database of the inbox and of small operational state.
    pub fn database(&self) -> PathBuf {
        self.root.join("waymark.sqlite")
    }

    /// The file that the writing process holds.
    pub fn lock(&self) -> PathBuf {
        self.root.join("LOCK")
    }

    /// The folder of one Delta table, where the tables are folders of this machine.
    pub fn table(&self, table: &str) -> PathBuf {
        self.root.join(table_folder(table))
    }

    /// Removes what processes that were killed had begun to write: no listing of the store shows it, and it may hold
    /// whole messages. For the holder of the lock only.
    ///
    /// # Errors
    /// `Folder` when a folder cannot be read or a draft not be removed.
    pub fn remove_drafts(&self) -> Result<(), LakeError> {
        for folder in ["lake", SNAPSHOTS, FORGOTTEN].map(|name| self.root.join(name)).iter().filter(|folder| folder.is_dir()) {
            remove_drafts(folder).map_err(|cause| LakeError::Folder { path: folder.clone(), cause })?;
        }
        self.remove_left_over().map_err(|cause| LakeError::Folder { path: self.root.clone(), cause })
    }

    /// Removes old drafts that lie in the folder itself, and what questions that were killed have spilled.
    fn remove_left_over(&self) -> std::io::Result<()> {
        // The system dates its files by the real time, whichever the data are about.
        let before = SystemClock.now().plus_seconds(-LEFT_OVER_SECONDS);
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            let (name, path) = (entry.file_name(), entry.path());
            let is_folder = entry.file_type()?.is_dir();
            let is_left_over = if is_folder { name.to_string_lossy().starts_with(SPILL) } else { is_draft(&name) };
            // One that cannot be dated has just been removed by its owner.
            let is_old = dated(&path).is_some_and(|written| written < before);
            if is_left_over && is_old {
                if is_folder { std::fs::remove_dir_all(&path)? } else { std::fs::remove_file(&path)? }
            }
        }
        Ok(())
    }

    /// The path in the store of a file of a table.
    pub fn table_object(&self, table: &str, file: &str) -> object_store::path::Path {
        self.storage.object(&format!("{}/{file}", table_folder(table)))
    }

    /// The folder beside the configuration that describes the platform, where there is one.
    pub fn platform(&self) -> PathBuf {
        self.root.join("platform")
    }

    /// The configuration of a folder that carries its own, such as the sample organisation's.
    pub fn configuration(&self) -> PathBuf {
        self.root.join("waymark.toml")
    }

    /// The secret key of pseudonyms; all who write one lake share it, so the first one's `made` is kept.
    ///
    /// # Errors
    /// `Object` when it cannot be read or written, `KeyLost` when there is none although tables hold pseudonyms.
    pub async fn people_key(&self, made: &[u8; PEOPLE_KEY_BYTES]) -> Result<Vec<u8>, LakeError> {
        if let Some(key) = self.kept_people_key().await? {
            return Ok(key.to_vec());
        }
        let stored = self.storage.list(&table_folder("")).await?;
        if stored.iter().any(|object| object.path.contains("/_delta_log/")) {
            // Another machine may have made it, and tables, since it was asked for.
            let key = self.kept_people_key().await?;
            return key.map(|key| key.to_vec()).ok_or_else(|| LakeError::KeyLost { location: self.storage.describe() });
        }
        self.storage.create(PEOPLE_KEY, made.to_vec().into()).await?;
        Ok(self.kept_people_key().await?.map_or_else(|| made.to_vec(), |key| key.to_vec()))
    }

    /// The secret key of pseudonyms as it is kept; null when there is none.
    ///
    /// # Errors
    /// `Object` when it cannot be read.
    pub(crate) async fn kept_people_key(&self) -> Result<Option<Bytes>, LakeError> {
        self.storage.get(PEOPLE_KEY).await
    }

    /// The format in which the data are.
    ///
    /// # Errors
    /// `Object` when it cannot be read, `NewerFormat` when a newer program wrote it.
    pub async fn format_version(&self) -> Result<u32, LakeError> {
        match self.storage.get(FORMAT).await? {
            Some(bytes) => self.known(&bytes),
            None => Ok(FORMAT_VERSION),
        }
    }

    /// Says that the data are in the newest format now.
    ///
    /// # Errors
    /// `Object` when it cannot be written.
    pub async fn is_newest_format_now(&self) -> Result<(), LakeError> {
        self.storage.put(FORMAT, newest_format().into()).await
    }

    fn known(&self, bytes: &[u8]) -> Result<u32, LakeError> {
        let format: Format =
            serde_json::from_slice(bytes).map_err(|cause| LakeError::FormatForm { path: self.root.join(FORMAT), cause })?;
        if format.version > FORMAT_VERSION {
            return Err(LakeError::NewerFormat {
                path: PathBuf::from(self.storage.describe()),
                found: format.version,
                known: FORMAT_VERSION,
            });
        }
        Ok(format.version)
    }
}

/// The folder of a table below the base.
pub(crate) fn table_folder(table: &str) -> String {
    format!("lake/{table}")
}

fn newest_format() -> Vec<u8> {
    format!("{{\"version\":{FORMAT_VERSION}}}").into_bytes()
}

/// When a file or folder was last written.
fn dated(path: &Path) -> Option<Instant> {
    let written = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
    let micros = written.duration_since(UNIX_EPOCH).ok()?.as_micros();
    Some(Instant::from_micros(i64::try_from(micros).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs::File;
    use std::time::Duration;

    #[cfg(unix)]
    #[test]
    fn what_killed_processes_left_goes_once_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let old = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for (name, is_old) in [("people.key#4200000007", true), ("format.json#4200000008", false), ("notes#7.txt", true)] {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(if is_old { old } else { file.metadata().unwrap().modified().unwrap() }).unwrap();
        }
        for name in ["spill-42", "spill", "platform"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            File::open(folder.path().join(name)).unwrap().set_modified(old).unwrap();
        }
        layout.remove_drafts().unwrap();
        let left: BTreeSet<String> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let expected = ["format.json", "format.json#4200000008", "lake", "notes#7.txt", "platform", "snapshots", "spill"]
            .map(str::to_owned);
        assert_eq!(left, BTreeSet::from(expected));
    }

    #[test]
    fn a_torn_format_and_a_name_that_cannot_be_an_address_are_said() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FORMAT), "").unwrap();
        assert!(matches!(Layout::open(folder.path()), Err(LakeError::FormatForm { .. })));
        assert!(matches!(Layout::open(&folder.path().join("a%20b")), Err(LakeError::FolderName { .. })));
        assert!(Layout::open(&folder.path().join("a b, c")).is_ok());
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_not_again_when_it_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        assert_eq!(layout.people_key(&[7; PEOPLE_KEY_BYTES]).await.unwrap(), [7; PEOPLE_KEY_BYTES]);
        assert_eq!(layout.people_key(&[8; PEOPLE_KEY_BYTES]).await.unwrap(), [7; PEOPLE_KEY_BYTES]);
        let log = layout.table(DELIVERIES).join("_delta_log");
        std::fs::create_dir_all(&log).unwrap();
        std::fs::write(log.join("00000000000000000000.json"), "{}").unwrap();
        std::fs::remove_file(folder.path().join(PEOPLE_KEY)).unwrap();
        assert!(matches!(layout.people_key(&[8; PEOPLE_KEY_BYTES]).await, Err(LakeError::KeyLost { .. })));
        assert!(!folder.path().join(PEOPLE_KEY).exists());
    }
}
