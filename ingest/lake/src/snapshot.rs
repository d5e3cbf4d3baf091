//! `Snapshot`: which files of which table version a reader sees, and as of when.
//!
//! Delta has no commit over several tables and none is needed: a snapshot names one version of
//! each, and is published by an atomic rename. The newest file name is the newest snapshot.

use crate::error::LakeError;
use crate::layout::{Layout, SNAPSHOTS};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waymark_event::Instant;

/// How many snapshots are kept for readers that still use an older one.
const KEPT: usize = 5;
/// A name has at least so many digits, so that the order of names is that of numbers.
const ID_DIGITS: usize = 12;

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
    /// The newest published snapshot that can be read, if there is one. A torn one shows nothing, and the one before
    /// it shows tables that are whole.
    ///
    /// # Errors
    /// `Object` when the snapshots cannot be listed or read.
    pub async fn newest(layout: &Layout) -> Result<Option<Self>, LakeError> {
        // One that is let go of between the listing and the reading has a successor.
        'listing: for _ in 0..KEPT {
            let ids = ids(layout).await?;
            for id in ids.iter().rev() {
                match read(layout, id).await {
                    Ok(Some(snapshot)) => return Ok(Some(snapshot)),
                    Ok(None) => continue 'listing,
                    Err(error @ LakeError::SnapshotForm { .. }) => pass_over(&error),
                    Err(error) => return Err(error),
                }
            }
            return Ok(None);
        }
        Ok(None)
    }

    /// Every snapshot that is kept and can be read, oldest first.
    ///
    /// # Errors
    /// `Object` when the snapshots cannot be listed or read.
    pub async fn kept(layout: &Layout) -> Result<Vec<Self>, LakeError> {
        let (kept, torn) = Self::kept_and_torn(layout).await?;
        torn.iter().for_each(pass_over);
        Ok(kept)
    }

    /// The same, and of each that cannot be read why.
    ///
    /// # Errors
    /// `Object` when the snapshots cannot be listed or read.
    pub(crate) async fn kept_and_torn(layout: &Layout) -> Result<(Vec<Self>, Vec<LakeError>), LakeError> {
        let (mut kept, mut torn) = (Vec::new(), Vec::new());
        for id in ids(layout).await? {
            match read(layout, &id).await {
                Ok(snapshot) => kept.extend(snapshot),
                Err(error @ LakeError::SnapshotForm { .. }) => torn.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok((kept, torn))
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
        format!("s{:0ID_DIGITS$}", number.unwrap_or(0) + 1)
    }

    /// Makes this snapshot the newest one, and lets go of very old ones; false when another process
    /// has published one of this name. An old one that cannot be removed takes nothing back.
    ///
    /// # Errors
    /// `Object` when it cannot be written, or the store does not tell whether it is the newest.
    pub async fn publish(&self, layout: &Layout) -> Result<bool, LakeError> {
        let object = object_of(&self.id);
        let form = |cause| LakeError::SnapshotForm { object: object.clone(), cause };
        let bytes = Bytes::from(serde_json::to_vec(self).map_err(form)?);
        let storage = layout.storage();
        // Nobody can have built upon a torn one, so its name is free.
        let is_named = storage.create(&object, bytes.clone()).await?
            || (remove_torn(layout, &self.id).await? && storage.create(&object, bytes).await?);
        if !is_named {
            return Ok(false);
        }
        let mut ids = ids(layout).await?;
        if ids.last() != Some(&self.id) && remove_torn(layout, &self.id).await? {
            ids = self::ids(layout).await?;
        }
        if ids.last() != Some(&self.id) {
            // Others have published so many meanwhile that this name was free again.
            let_go(layout, std::slice::from_ref(&self.id)).await;
            return Ok(false);
        }
        ids.truncate(ids.len().saturating_sub(KEPT));
        let_go(layout, &ids).await;
        Ok(true)
    }
}

/// The object that holds the snapshot of this name.
pub(crate) fn object_of(id: &str) -> String {
    format!("{SNAPSHOTS}/{id}.json")
}

async fn read(layout: &Layout, id: &str) -> Result<Option<Snapshot>, LakeError> {
    let object = object_of(id);
    let Some(bytes) = layout.storage().get(&object).await? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|cause| LakeError::SnapshotForm { object, cause })
}

fn pass_over(error: &LakeError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, "a snapshot that cannot be read is passed over");
}

/// Removes snapshots that nobody needs any more. What stays is older than the newest ones, so whoever publishes next
/// finds it again; a store that refused one would refuse the others, too.
async fn let_go(layout: &Layout, ids: &[String]) {
    for id in ids {
        if let Err(error) = layout.storage().remove(&object_of(id)).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "an old snapshot could not be removed; it is tried again with the next one");
            return;
        }
    }
}

/// Removes the snapshots that cannot be read from this name on; whether there was one.
async fn remove_torn(layout: &Layout, from: &str) -> Result<bool, LakeError> {
    let mut is_any = false;
    for id in ids(layout).await?.into_iter().filter(|id| id.as_str() >= from) {
        match read(layout, &id).await {
            Ok(_) => {}
            Err(error @ LakeError::SnapshotForm { .. }) => {
                pass_over(&error);
                layout.storage().remove(&object_of(&id)).await?;
                is_any = true;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(is_any)
}

/// The names of the published snapshots, oldest first; other files beside them are none of ours.
pub(crate) async fn ids(layout: &Layout) -> Result<Vec<String>, LakeError> {
    let listed = layout.storage().list_folder(SNAPSHOTS).await?;
    let names = listed.iter().filter_map(|stored| stored.path.rsplit('/').next()?.strip_suffix(".json"));
    Ok(names.filter(|name| is_id(name)).map(ToOwned::to_owned).collect())
}

/// Whether a name is one that [`Snapshot::next_id`] gives.
fn is_id(name: &str) -> bool {
    let number = name.strip_prefix('s').unwrap_or_default();
    number.len() >= ID_DIGITS && number.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_given_out_are_names_of_snapshots() {
        assert!(is_id(&Snapshot::next_id(None)) && is_id(&Snapshot::next_id(Some("s000000000041"))));
        for other in ["snapcopy", "s", "s1", "s00000000004x", "copy of s000000000041", ""] {
            assert!(!is_id(other), "{other}");
        }
    }
}
