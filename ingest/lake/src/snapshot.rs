//! `Snapshot`: which files of which table version a reader sees, and as of when.
//!
//! Delta has no commit over several tables and none is needed: a snapshot names one version of
//! each, and is published by an atomic rename. The newest file name is the newest snapshot.

use crate::durable::write_atomically;
use crate::error::LakeError;
use crate::layout::Layout;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use waymark_event::Instant;

/// How many snapshots are kept for readers that still use an older one.
const KEPT: usize = 5;

/// One Parquet file of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Path below the table's folder.
    pub path: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Number of rows.
    pub rows: u64,
}

/// The state of one table in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableVersion {
    /// The version of the Delta log.
    pub version: u64,
    /// The live files of that version.
    pub files: Vec<DataFile>,
}

/// What readers see together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The snapshot's name; later snapshots have greater names.
    pub id: String,
    /// The instant that answers describe.
    pub as_of: Instant,
    /// Fingerprint of everything besides the tables on which facts depend: registers, settings, zone, definitions.
    pub definitions: String,
    /// The last position of each stream that is visible.
    pub positions: BTreeMap<String, i64>,
    /// The tables by name.
    pub tables: BTreeMap<String, TableVersion>,
}

impl Snapshot {
    /// The newest published snapshot, if there is one.
    ///
    /// # Errors
    /// `SnapshotFile` or `SnapshotForm` when it cannot be read.
    pub fn newest(layout: &Layout) -> Result<Option<Self>, LakeError> {
        match file_names(layout)?.pop() {
            Some(path) => read(path).map(Some),
            None => Ok(None),
        }
    }

    /// Every snapshot that is kept, oldest first.
    ///
    /// # Errors
    /// `SnapshotFile` or `SnapshotForm` when one cannot be read.
    pub fn kept(layout: &Layout) -> Result<Vec<Self>, LakeError> {
        file_names(layout)?.into_iter().map(read).collect()
    }

    /// The name of the newest published snapshot, without reading it.
    ///
    /// # Errors
    /// `SnapshotFile` when the folder cannot be read.
    pub fn newest_id(layout: &Layout) -> Result<Option<String>, LakeError> {
        let newest = file_names(layout)?.pop();
        Ok(newest.and_then(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())))
    }

    /// The name that the next snapshot after `previous` has.
    pub fn next_id(previous: Option<&str>) -> String {
        let number = previous.and_then(|id| id.strip_prefix('s')).and_then(|number| number.parse::<u64>().ok());
        format!("s{:012}", number.unwrap_or(0) + 1)
    }

    /// Makes this snapshot the newest one, and lets go of very old ones.
    ///
    /// # Errors
    /// `SnapshotFile` when it cannot be written.
    pub fn publish(&self, layout: &Layout) -> Result<(), LakeError> {
        let path = layout.snapshots().join(format!("{}.json", self.id));
        let failed = |cause| LakeError::SnapshotFile { operation: "write", path: path.clone(), cause };
        let bytes = serde_json::to_vec_pretty(self).map_err(|cause| failed(cause.into()))?;
        write_atomically(&path, &bytes).map_err(failed)?;
        let mut names = file_names(layout)?;
        names.truncate(names.len().saturating_sub(KEPT));
        for old in names {
            std::fs::remove_file(&old).map_err(|cause| LakeError::SnapshotFile { operation: "remove", path: old, cause })?;
        }
        Ok(())
    }
}

fn read(path: PathBuf) -> Result<Snapshot, LakeError> {
    let bytes =
        std::fs::read(&path).map_err(|cause| LakeError::SnapshotFile { operation: "read", path: path.clone(), cause })?;
    serde_json::from_slice(&bytes).map_err(|cause| LakeError::SnapshotForm { path, cause })
}

fn file_names(layout: &Layout) -> Result<Vec<PathBuf>, LakeError> {
    let folder = layout.snapshots();
    let failed = |cause| LakeError::SnapshotFile { operation: "list", path: folder.clone(), cause };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            names.push(path);
        }
    }
    names.sort();
    Ok(names)
}
