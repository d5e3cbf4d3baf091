//! The way back: a complete backup becomes a data folder, or nothing becomes of it.
//!
//! Everything is put together in a folder inside the target and moved up only when it is whole.

use super::parts::copy;
use super::{MANIFEST, Manifest, failed};
use crate::error::LakeError;
use crate::inbox::Inbox;
use crate::layout::{FORMAT, Layout, RESTORING};
use crate::snapshot::Snapshot;
use crate::tables::Tables;
use crate::{DELIVERIES, INBOX_STREAM};
use std::io;
use std::path::Path;
use waymark_event::Instant;

/// What a restore brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The newest snapshot.
    pub snapshot: String,
    /// When the backup was made.
    pub made_at: Instant,
    /// Number of files.
    pub files: usize,
    /// Their size in bytes.
    pub size_bytes: u64,
}

/// Makes a data folder at `to`, which must be empty or not be there, from the backup in `from`.
///
/// # Errors
/// `NoBackup`, `BackupManifest`, `BackupDamaged` or `BackupChanged` when the backup is not whole, `RestoreTarget` when
/// the target holds something, `Backup` when a file cannot be copied; then there is no data folder at the target.
pub async fn restore(from: &Path, to: &Path) -> Result<Restored, LakeError> {
    let manifest = whole(from)?;
    std::fs::create_dir_all(to).map_err(|cause| failed("make", to, cause))?;
    for entry in std::fs::read_dir(to).map_err(|cause| failed("list", to, cause))? {
        let name = entry.map_err(|cause| failed("list", to, cause))?.file_name();
        if name != RESTORING {
            return Err(LakeError::RestoreTarget { path: to.to_owned() });
        }
    }
    let draft = to.join(RESTORING);
    if draft.exists() {
        // An earlier restore did not come to its end.
        std::fs::remove_dir_all(&draft).map_err(|cause| failed("remove", &draft, cause))?;
    }
    let restored = Restored {
        snapshot: manifest.snapshot.clone(),
        made_at: manifest.made_at,
        files: manifest.files.len(),
        size_bytes: manifest.files.iter().map(|part| part.size_bytes).sum(),
    };
    let (source, target) = (from.to_owned(), draft.clone());
    let copied = tokio::task::spawn_blocking(move || copy_parts(&source, &target, &manifest)).await;
    copied.map_err(|join| failed("copy", from, io::Error::other(join)))??;
    go_on_after_tables(&draft).await?;
    move_up(&draft, to)?;
    Ok(restored)
}

/// The manifest, once every part that it names was found with its size.
fn whole(from: &Path) -> Result<Manifest, LakeError> {
    let path = from.join(MANIFEST);
    if !path.is_file() {
        return Err(LakeError::NoBackup { path: from.to_owned() });
    }
    let bytes = std::fs::read(&path).map_err(|cause| failed("read", &path, cause))?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|cause| LakeError::BackupManifest { path: path.clone(), cause })?;
    for part in &manifest.files {
        let is_below = |path: &str| Path::new(path).components().all(|step| matches!(step, std::path::Component::Normal(_)));
        let found_bytes = std::fs::metadata(from.join(&part.stored)).map_or(0, |metadata| metadata.len());
        if found_bytes != part.size_bytes || !is_below(&part.path) || !is_below(&part.stored) {
            let file = from.join(&part.stored);
            return Err(LakeError::BackupDamaged { file, expected_bytes: part.size_bytes, found_bytes });
        }
    }
    Ok(manifest)
}

fn copy_parts(from: &Path, draft: &Path, manifest: &Manifest) -> Result<(), LakeError> {
    for part in &manifest.files {
        let source = from.join(&part.stored);
        let copied = copy(&source, draft, &part.path, part.path.clone()).map_err(|cause| failed("copy", &source, cause))?;
        if part.digest.is_some() && part.digest != copied.digest {
            return Err(LakeError::BackupChanged { file: source });
        }
    }
    Ok(())
}

/// The tables may be further than the inbox was when it was copied: what arrives next must come
/// after everything that any of them holds, and what they hold need not wait.
async fn go_on_after_tables(draft: &Path) -> Result<(), LakeError> {
    let layout = Layout::existing(draft)?;
    let Some(snapshot) = Snapshot::newest(&layout).await? else { return Ok(()) };
    let mut tables = Tables::new(&layout);
    let (mut furthest, mut held) = (0, 0);
    for table in snapshot.tables.keys() {
        let position = tables.position(table, INBOX_STREAM).await?.unwrap_or(0);
        furthest = furthest.max(position);
        if table == DELIVERIES {
            held = position;
        }
    }
    let inbox = Inbox::open(&layout)?;
    inbox.continue_after(furthest)?;
    inbox.remove_through(held)
}

/// The format comes last: a folder without it is not taken for a whole one.
fn move_up(draft: &Path, to: &Path) -> Result<(), LakeError> {
    let entries = std::fs::read_dir(draft).map_err(|cause| failed("list", draft, cause))?;
    let names: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.file_name())).collect();
    let mut names = names.map_err(|cause| failed("list", draft, cause))?;
    names.sort_by_key(|name| (name == FORMAT, draft.join(name).is_file()));
    for name in names {
        let target = to.join(&name);
        std::fs::rename(draft.join(&name), &target).map_err(|cause| failed("move", &target, cause))?;
    }
    std::fs::remove_dir(draft).map_err(|cause| failed("remove", draft, cause))?;
    let synced = std::fs::File::open(to).and_then(|folder| folder.sync_all());
    synced.map_err(|cause| failed("write", to, cause))
}
