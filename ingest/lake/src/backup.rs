//! Backup of a local data folder while it is written, and the way back.
//!
//! What must hold: nothing that was acknowledged before the backup began is missing after a
//! restore, and nothing counts twice. The order that gives this:
//!
//! 1. **The database first.** A delivery acknowledged before is then in the copy of the inbox, or it
//!    has left the inbox, and it leaves only once the table of deliveries holds it. Up to which
//!    position the inbox was emptied is read *after* the copy, so it is never too low.
//! 2. **Then a snapshot that reaches that position.** The newest one may still lag behind, because a
//!    snapshot is published only after the facts are computed, so it is waited for. Taken the other
//!    way round, deliveries could leave the inbox between snapshot and copy, and be in neither.
//! 3. **Then exactly the versions that the snapshot names:** its files, and of each log only the
//!    commits up to its version. Logs copied as they happen to be could hold a delivery without its
//!    observations. What the older backup holds with the same content needs no second copy; how that is
//!    known is said in `parts.rs`. Should a file be gone before it was copied, the next
//!    snapshot is taken; that reaches further, so step 2 still holds. The log of forgotten people is listed after the
//!    snapshot was chosen: whoever is missing in its tables was noted before.
//! 4. **The manifest last,** in one rename. Until then an older manifest in the folder stays valid,
//!    because nothing that it names is overwritten; what no manifest names any more is removed at
//!    the end. The backup of a folder with another key of pseudonyms is another folder's, and is refused.
//!
//! Rows that are in the copied inbox and also in the copied tables are passed over by position at
//! the next start. The tables may be further than the copied inbox ever was: so a restore raises the
//! number that the inbox gives out next above every position in the logs. Else new deliveries would
//! be taken as known.

mod parts;
mod restore;

pub use restore::{Restored, restore};

use self::parts::{Part, Work, copy, digest_of};

use crate::INBOX_STREAM;
use crate::durable::write_atomically;
use crate::error::LakeError;
use crate::forgotten::{self, ForgottenLog};
use crate::inbox::open_database;
use crate::layout::{FORGOTTEN, Layout, PEOPLE_KEY, SNAPSHOTS, table_folder};
use crate::snapshot::Snapshot;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use waymark_event::{DeliveryId, Instant};

/// Says that a folder holds backups, finished or not.
const MARK: &str = "waymark-backup";
/// What a finished backup consists of.
const MANIFEST: &str = "manifest.json";
/// Where the parts lie that each backup has for itself.
const TURNS: &str = "turns";
/// So often is a backup begun anew because a file went away while it was copied.
const ATTEMPTS: usize = 20;
/// The time for a running process to publish a snapshot that reaches the inbox.
const WAIT: Duration = Duration::from_millis(200);
const WAITS: usize = 3_000;

/// What a backup did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// The snapshot that it holds.
    pub snapshot: String,
    /// Files of the backup.
    pub files: usize,
    /// Their size in bytes.
    pub size_bytes: u64,
    /// Files that were copied; the others were there from an earlier backup.
    pub copied_files: usize,
    /// Their size in bytes.
    pub copied_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    snapshot: String,
    made_at: Instant,
    files: Vec<Part>,
}

/// Copies the data folder into `to`, which is empty or holds an older backup of it; only what is
/// new since then is copied. A process may go on writing meanwhile.
///
/// # Errors
/// `BackupOfStore`, `BackupPlace`, `BackupBusy`, `BackupOfAnother`, `BackupOfDamaged`, `KeyLost`, `ForgottenGone`, `ForgottenDamaged`, `BackupBehind` when
/// no snapshot reaches the inbox in time, `BackupUnsettled`, or `Backup` when a file cannot be copied; then an older
/// backup stands.
pub async fn backup(layout: &Layout, to: &Path, now: Instant) -> Result<BackedUp, LakeError> {
    if !layout.storage().is_local() {
        return Err(LakeError::BackupOfStore { location: layout.storage().describe() });
    }
    let to = prepared(layout, to)?;
    // Held to the end: what this backup does not name would be removed from under another one.
    let mark = to.join(MARK);
    let held = std::fs::File::open(&mark).map_err(|cause| failed("open", &mark, cause))?;
    held.try_lock().map_err(|cause| match cause {
        TryLockError::WouldBlock => LakeError::BackupBusy { path: to.clone() },
        TryLockError::Error(cause) => failed("lock", &mark, cause),
    })?;
    let mut known = older(&to)?;
    refuse_another(layout, &to, &known)?;
    // What is damaged here must not take the place of what the older backup has.
    ForgottenLog::default().read_on(layout).await?;
    let turn = format!("{TURNS}/{}", DeliveryId::received(now));
    std::fs::create_dir_all(to.join(&turn)).map_err(|cause| failed("write", &to.join(&turn), cause))?;
    let (database, removed_through) = copy_database(layout, &to, &turn)?;
    let mut parts = copy_top(layout, &to, &turn)?;
    parts.push(database);
    let mut done = BackedUp { snapshot: String::new(), files: 0, size_bytes: 0, copied_files: 0, copied_bytes: 0 };
    done.copied_files = parts.len();
    done.copied_bytes = parts.iter().map(|part| part.size_bytes).sum();
    for _ in 0..ATTEMPTS {
        let snapshot = reaching(layout, removed_through).await?;
        let mut names = names(layout, &snapshot)?;
        names.extend(forgotten::objects(layout).await?.into_iter().map(|name| (name, None)));
        let work = Work { root: layout.root().to_owned(), to: to.clone(), turn: turn.clone(), names, known };
        let copied = tokio::task::spawn_blocking(move || work.run()).await;
        let copied = copied.map_err(|join| failed("copy", layout.root(), io::Error::other(join)))??;
        done.copied_files += copied.files;
        done.copied_bytes += copied.size_bytes;
        known = copied.known;
        let Some(tables) = copied.parts else { continue };
        parts.extend(tables);
        let written = write_snapshot(&to, &turn, &snapshot)?;
        done.copied_files += 1;
        done.copied_bytes += written.size_bytes;
        parts.push(written);
        done.files = parts.len();
        done.size_bytes = parts.iter().map(|part| part.size_bytes).sum();
        done.snapshot.clone_from(&snapshot.id);
        finish(&to, Manifest { snapshot: snapshot.id, made_at: now, files: parts })?;
        return Ok(done);
    }
    Err(LakeError::BackupUnsettled { path: layout.root().to_owned() })
}

fn failed(operation: &'static str, path: &Path, cause: io::Error) -> LakeError {
    LakeError::Backup { operation, path: path.to_owned(), cause }
}

/// A folder outside of the data folder that is empty or marked as ours.
fn prepared(layout: &Layout, to: &Path) -> Result<PathBuf, LakeError> {
    let refused = || LakeError::BackupPlace { path: to.to_owned() };
    let is_new = !to.exists();
    std::fs::create_dir_all(to).map_err(|cause| failed("make", to, cause))?;
    let folder = std::fs::canonicalize(to).map_err(|cause| failed("open", to, cause))?;
    if folder.starts_with(layout.root()) || layout.root().starts_with(&folder) {
        if is_new {
            std::fs::remove_dir(&folder).map_err(|cause| failed("remove", &folder, cause))?;
        }
        return Err(refused());
    }
    let mark = folder.join(MARK);
    if !mark.is_file() {
        let mut entries = std::fs::read_dir(&folder).map_err(|cause| failed("list", &folder, cause))?;
        if entries.next().is_some() {
            return Err(refused());
        }
        write_atomically(&mark, b"a backup of a Waymark data folder: `waymark restore` reads it\n")
            .map_err(|cause| failed("write", &mark, cause))?;
    }
    Ok(folder)
}

/// What the older backup in the folder consists of, by path; nothing where there is none.
fn older(to: &Path) -> Result<BTreeMap<String, Part>, LakeError> {
    let path = to.join(MANIFEST);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(cause) => return Err(failed("read", &path, cause)),
    };
    match serde_json::from_slice::<Manifest>(&bytes) {
        Ok(manifest) => Ok(manifest.files.into_iter().map(|part| (part.path.clone(), part)).collect()),
        Err(cause) => {
            tracing::warn!(error.message = %cause, "the older backup has no readable manifest: everything is copied anew");
            Ok(BTreeMap::new())
        }
    }
}

/// Refuses the folder of a backup that was made with another key of pseudonyms, or with one that is gone here: the
/// older backup may be the only one that has it.
fn refuse_another(layout: &Layout, to: &Path, known: &BTreeMap<String, Part>) -> Result<(), LakeError> {
    let Some(part) = known.get(PEOPLE_KEY) else { return Ok(()) };
    let Some(held) = part.digest.clone().or_else(|| digest_of(&to.join(&part.stored)).ok()) else { return Ok(()) };
    let key = layout.root().join(PEOPLE_KEY);
    if !key.is_file() {
        return Err(LakeError::KeyLost { location: layout.storage().describe() });
    }
    if digest_of(&key).map_err(|cause| failed("read", &key, cause))? == held {
        return Ok(());
    }
    Err(LakeError::BackupOfAnother { path: to.to_owned() })
}

/// Copies the database as of one moment; also says up to which position its inbox was emptied at most.
fn copy_database(layout: &Layout, to: &Path, turn: &str) -> Result<(Part, i64), LakeError> {
    let database = layout.database();
    let path = relative(layout.root(), &database);
    let stored = format!("{turn}/{path}");
    let target = to.join(&stored);
    let asked = |cause| LakeError::Inbox { operation: "copy", cause };
    let connection = open_database(layout)?;
    connection.execute("vacuum into ?1", params![target.to_string_lossy()]).map_err(asked)?;
    let emptied = "select coalesce((select min(position) from inbox) - 1,
        (select max(seq) from sqlite_sequence where name = 'inbox'), 0)";
    let removed_through = connection.query_row(emptied, [], |row| row.get(0)).map_err(asked)?;
    let file = std::fs::File::open(&target).map_err(|cause| failed("open", &target, cause))?;
    file.sync_all().map_err(|cause| failed("write", &target, cause))?;
    let size_bytes = file.metadata().map_err(|cause| failed("open", &target, cause))?.len();
    let digest = Some(digest_of(&target).map_err(|cause| failed("read", &target, cause))?);
    Ok((Part { path, stored, size_bytes, digest }, removed_through))
}

/// Copies the files that lie beside the tables: format, key of pseudonyms, configuration with the platform.
fn copy_top(layout: &Layout, to: &Path, turn: &str) -> Result<Vec<Part>, LakeError> {
    let root = layout.root();
    let (database, lock) = (relative(root, &layout.database()), relative(root, &layout.lock()));
    let mut parts = Vec::new();
    let platform = layout.platform();
    let folders = [root].into_iter().chain(platform.is_dir().then_some(platform.as_path()));
    let listed = folders.map(|folder| std::fs::read_dir(folder).map_err(|cause| failed("list", folder, cause)));
    for entry in listed.collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
        let source = entry.map_err(|cause| failed("list", root, cause))?.path();
        let path = relative(root, &source);
        // A `#` stands in the name of a draft; the database has its own way.
        if !source.is_file() || path.contains('#') || path.starts_with(&database) || path == lock {
            continue;
        }
        let stored = format!("{turn}/{path}");
        parts.push(copy(&source, to, &path, stored).map_err(|cause| failed("copy", &source, cause))?);
    }
    Ok(parts)
}

/// The newest snapshot, once it shows everything that has left the inbox.
async fn reaching(layout: &Layout, position: i64) -> Result<Snapshot, LakeError> {
    let mut visible = 0;
    for _ in 0..WAITS {
        if let Some(snapshot) = Snapshot::newest(layout).await? {
            visible = snapshot.positions.get(INBOX_STREAM).copied().unwrap_or(0);
            if visible >= position {
                return Ok(snapshot);
            }
        }
        tokio::time::sleep(WAIT).await;
    }
    Err(LakeError::BackupBehind { position, visible })
}

/// Everything below the root that belongs to a snapshot: its files with the sizes that it knows, and the logs up to its
/// versions.
fn names(layout: &Layout, snapshot: &Snapshot) -> Result<Vec<(String, Option<u64>)>, LakeError> {
    let mut names = Vec::new();
    for (table, version) in &snapshot.tables {
        let folder = layout.table(table);
        let below = relative(layout.root(), &folder);
        names.extend(version.files.iter().map(|file| (format!("{below}/{}", file.path), Some(file.size_bytes))));
        let log = folder.join("_delta_log");
        let before = names.len();
        for entry in std::fs::read_dir(&log).map_err(|cause| failed("list", &log, cause))? {
            let entry = entry.map_err(|cause| failed("list", &log, cause))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if version_of_log_file(&name).is_some_and(|found| found <= version.version) {
                names.push((format!("{below}/_delta_log/{name}"), None));
            }
        }
        if names.len() == before {
            return Err(LakeError::BackupWithoutLog { table: table.clone(), version: version.version });
        }
    }
    Ok(names)
}

/// The version in the name of a commit or checkpoint; null for hints and drafts.
fn version_of_log_file(name: &str) -> Option<u64> {
    let (digits, ending) = name.split_at_checked(20)?;
    let is_ours = ending == ".json" || ending == ".crc" || (ending.starts_with(".checkpoint.") && ending.ends_with(".parquet"));
    if is_ours { digits.parse().ok() } else { None }
}

fn write_snapshot(to: &Path, turn: &str, snapshot: &Snapshot) -> Result<Part, LakeError> {
    let path = format!("{SNAPSHOTS}/{}.json", snapshot.id);
    let bytes = serde_json::to_vec(snapshot).map_err(|cause| LakeError::SnapshotForm { object: path.clone(), cause })?;
    let stored = format!("{turn}/snapshot.json");
    let target = to.join(&stored);
    let written = write_atomically(&target, &bytes).and_then(|()| digest_of(&target));
    let digest = Some(written.map_err(|cause| failed("write", &target, cause))?);
    Ok(Part { path, stored, size_bytes: bytes.len() as u64, digest })
}

/// Names what the backup consists of, and only then removes what no backup consists of any more.
fn finish(to: &Path, manifest: Manifest) -> Result<(), LakeError> {
    let path = to.join(MANIFEST);
    let bytes = serde_json::to_vec_pretty(&manifest).map_err(|cause| failed("write", &path, cause.into()))?;
    write_atomically(&path, &bytes).map_err(|cause| failed("write", &path, cause))?;
    let named: BTreeSet<PathBuf> = manifest.files.into_iter().map(|part| to.join(part.stored)).collect();
    let ours = [table_folder(""), FORGOTTEN.to_owned(), TURNS.to_owned()];
    let mut folders: Vec<PathBuf> = ours.iter().map(|name| to.join(name)).filter(|folder| folder.is_dir()).collect();
    let mut seen = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|cause| failed("list", &folder, cause))? {
            let path = entry.map_err(|cause| failed("list", &folder, cause))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !named.contains(&path) {
                std::fs::remove_file(&path).map_err(|cause| failed("remove", &path, cause))?;
            }
        }
        seen.push(folder);
    }
    // A folder that still holds something says so and stays.
    for folder in seen.iter().rev() {
        if std::fs::remove_dir(folder).is_ok() {
            tracing::debug!(folder.path = %folder.display(), "an empty folder of the backup was removed");
        }
    }
    Ok(())
}

/// A path below the root, with `/` on every system.
fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_and_checkpoints_tell_their_version() {
        assert_eq!(version_of_log_file("00000000000000000012.json"), Some(12));
        assert_eq!(version_of_log_file("00000000000000000100.checkpoint.parquet"), Some(100));
        assert_eq!(version_of_log_file("_last_checkpoint"), None);
        assert_eq!(version_of_log_file("00000000000000000012.json#12300000001"), None);
    }
}
