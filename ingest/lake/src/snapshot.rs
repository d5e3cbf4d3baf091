//! `Snapshot`: which files of which table version a reader sees, and as of when.
//!
//! Delta has no commit over several tables and none is needed: a snapshot names one version of
//! each, and is published by an atomic rename. The newest file name is the newest snapshot.

use crate::error::LakeError;
use crate::layout::{Layout, SNAPSHOTS};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    /// `Object` or `SnapshotForm` when it cannot be read.
    pub async fn newest(layout: &Layout) -> Result<Option<Self>, LakeError> {
        // One that is let go of between the listing and the reading has a successor.
        for _ in 0..KEPT {
            let Some(id) = Self::newest_id(layout).await? else { return Ok(None) };
            if let Some(snapshot) = read(layout, &id).await? {
                return Ok(Some(snapshot));
            }
        }
        Ok(None)
    }

    /// Every snapshot that is kept, oldest first.
    ///
    /// # Errors
    /// `Object` or `SnapshotForm` when one cannot be read.
    pub async fn kept(layout: &Layout) -> Result<Vec<Self>, LakeError> {
        let mut kept = Vec::new();
        for id in ids(layout).await? {
            kept.extend(read(layout, &id).await?);
        }
        Ok(kept)
    }

    /// The name of the newest published snapshot, without reading it.
    ///
    /// # Errors
    /// `Object` when the snapshots cannot be listed.
    pub async fn newest_id(layout: &Layout) -> Result<Option<String>, LakeError> {
        Ok(ids(layout).await?.pop())
    }

    /// The name that the next snapshot after `previous` has.
    pub fn next_id(previous: Option<&str>) -> String {
        let number = previous.and_then(|id| id.strip_prefix('s')).and_then(|number| number.parse::<u64>().ok());
        format!("s{:012}", number.unwrap_or(0) + 1)
    }

    /// Makes this snapshot the newest one, and lets go of very old ones; false when another process
    /// has published one of this name.
    ///
    /// # Errors
    /// `Object` when it cannot be written.
    pub async fn publish(&self, layout: &Layout) -> Result<bool, LakeError> {
        let object = object_of(&self.id);
        let bytes = serde_json::to_vec(self).map_err(|cause| LakeError::SnapshotForm { object: object.clone(), cause })?;
        if !layout.storage().create(&object, bytes.into()).await? {
            return Ok(false);
        }
        let mut ids = ids(layout).await?;
        if ids.last() != Some(&self.id) {
            // Others have published so many meanwhile that this name was free again.
            layout.storage().remove(&object).await?;
            return Ok(false);
        }
        ids.truncate(ids.len().saturating_sub(KEPT));
        for old in ids {
            layout.storage().remove(&object_of(&old)).await?;
        }
        Ok(true)
    }
}

fn object_of(id: &str) -> String {
    format!("{SNAPSHOTS}/{id}.json")
}

async fn read(layout: &Layout, id: &str) -> Result<Option<Snapshot>, LakeError> {
    let object = object_of(id);
    let Some(bytes) = layout.storage().get(&object).await? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|cause| LakeError::SnapshotForm { object, cause })
}

async fn ids(layout: &Layout) -> Result<Vec<String>, LakeError> {
    let listed = layout.storage().list_folder(SNAPSHOTS).await?;
    let names = listed.iter().filter_map(|stored| stored.path.rsplit('/').next()?.strip_suffix(".json"));
    Ok(names.map(ToOwned::to_owned).collect())
}
