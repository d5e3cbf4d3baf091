//! What can fail while keeping: one variant per operation, with its subject.

use std::path::PathBuf;

/// A failed operation of the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The data folder could not be made or read.
    #[error("failed to open the data folder `{}`: check that it exists, is writable and has free space", .path.display())]
    Folder {
        /// The folder concerned.
        path: PathBuf,
        /// What made it fail.
        #[source]
        cause: std::io::Error,
    },
    /// The folder was written by a newer program.
    #[error("the data folder `{}` has format {found}, and this program reads up to {known}: install a newer waymark", .path.display())]
    NewerFormat {
        /// The folder concerned.
        path: PathBuf,
        /// The format that was found.
        found: u32,
        /// The newest format that we know.
        known: u32,
    },
    /// The file that tells the format is torn.
    #[error(
        "failed to understand `{}`, which tells the format of the data: restore it from a backup, or remove it if this program wrote the folder last", .path.display()
    )]
    FormatForm {
        /// The file concerned.
        path: PathBuf,
        /// What made it fail.
        #[source]
        cause: serde_json::Error,
    },
    /// The name of the data folder would be read as another one.
    #[error("tables cannot lie in `{}`: choose a folder whose path holds no `%` before two digits and no backslash", .path.display())]
    FolderName {
        /// The folder concerned.
        path: PathBuf,
    },
    /// The key of pseudonyms is gone, and the tables hold pseudonyms.
    #[error(
        "`people.key` is gone from `{location}`, whose tables hold pseudonyms that were made with it: restore it from a backup; only where there is none, put 32 random bytes in its place, and everybody gets another pseudonym"
    )]
    KeyLost {
        /// Where the key should be.
        location: String,
    },
    /// The place of the data was not understood.
    #[error(
        "`{location}` is no place for data: give a folder, or `s3://BUCKET/PREFIX`, `az://CONTAINER/PREFIX`, `gs://BUCKET/PREFIX`"
    )]
    Location {
        /// The place as it was given.
        location: String,
        /// What the store's client says; null when the text itself is wrong.
        #[source]
        cause: Option<Box<object_store::Error>>,
    },
    /// The object store lacks what commits rest on.
    #[error(
        "`{location}` does not honour `If-None-Match: *`, so two commits could overwrite each other: use a store with conditional writes"
    )]
    Probe {
        /// The store concerned.
        location: String,
        /// What the store's client says; null when it took the second write.
        #[source]
        cause: Option<Box<object_store::Error>>,
    },
    /// An object could not be read or written.
    #[error("failed to {operation} `{object}`: check free space, permissions and credentials")]
    Object {
        /// What was being done.
        operation: &'static str,
        /// The object concerned.
        object: String,
        /// What made it fail.
        #[source]
        cause: object_store::Error,
    },
    /// The rows of a table could not be read.
    #[error("failed to read `{file}` of `{table}`: run `waymark check --data`")]
    ReadTable {
        /// The table concerned.
        table: String,
        /// The file concerned.
        file: String,
        /// What made it fail.
        #[source]
        cause: parquet::errors::ParquetError,
    },
    /// Rows could not be sorted, joined or filtered.
    #[error("failed to arrange rows of `{table}`")]
    Arrange {
        /// The table concerned.
        table: String,
        /// What made it fail.
        #[source]
        cause: arrow::error::ArrowError,
    },
    /// Another process writes tables here.
    #[error("another process writes to `{}` ({holder}): stop it, or use another `--data` folder", .path.display())]
    Locked {
        /// The folder concerned.
        path: PathBuf,
        /// What the holder says about itself.
        holder: String,
    },
    /// The inbox could not be opened.
    #[error(
        "failed to open the inbox `{}`: check free space and permissions of the data folder; one that is damaged comes from the newest backup",
        .path.display()
    )]
    OpenInbox {
        /// The database file.
        path: PathBuf,
        /// What made it fail.
        #[source]
        cause: rusqlite::Error,
    },
    /// Deliveries could not be made durable, so none of them was acknowledged.
    #[error("failed to keep {count} deliveries: check free space and permissions of the data folder")]
    Keep {
        /// How many deliveries there were.
        count: usize,
        /// What made it fail.
        #[source]
        cause: rusqlite::Error,
    },
    /// The commit that several callers shared failed, so none of them is acknowledged.
    #[error("failed to keep the delivery")]
    KeepGroup {
        /// The cause, which all callers of the commit share.
        #[source]
        cause: std::sync::Arc<LakeError>,
    },
    /// The inbox could not be read or emptied.
    #[error("failed to {operation} the inbox")]
    Inbox {
        /// What was being done.
        operation: &'static str,
        /// What made it fail.
        #[source]
        cause: rusqlite::Error,
    },
    /// The inbox holds as much as it may.
    #[error("the inbox is full: {rows} deliveries wait to be read, try again later")]
    InboxFull {
        /// How many wait.
        rows: u64,
    },
    /// The task that writes the inbox has ended.
    #[error("the inbox is closed: the process is shutting down")]
    InboxClosed,
    /// A stored delivery could not be read back.
    #[error("failed to read the stored delivery at position {position}")]
    StoredDelivery {
        /// Its position in the inbox.
        position: i64,
        /// What made it fail.
        #[source]
        cause: serde_json::Error,
    },
    /// A table could not be opened or made.
    #[error("failed to open table `{table}`: where its store can be reached its log is damaged, restore the newest backup")]
    OpenTable {
        /// The table concerned.
        table: String,
        /// What made it fail.
        #[source]
        cause: Box<deltalake::DeltaTableError>,
    },
    /// The log of a table lacks commits that a snapshot shows.
    #[error(
        "the log of `{table}` lacks what the newest snapshot shows as version {version}, so its last commits are lost: {remedy}"
    )]
    LostCommits {
        /// The table concerned.
        table: String,
        /// The version that the snapshot shows.
        version: u64,
        /// What to do.
        remedy: &'static str,
    },
    /// Rows could not be written as Parquet.
    #[error("failed to write {rows} rows of `{table}` as Parquet")]
    Encode {
        /// The table concerned.
        table: String,
        /// How many rows there were.
        rows: usize,
        /// What made it fail.
        #[source]
        cause: parquet::errors::ParquetError,
    },
    /// A file could not be stored.
    #[error("failed to store a file of `{table}`: check free space and permissions of the data folder")]
    Store {
        /// The table concerned.
        table: String,
        /// What made it fail.
        #[source]
        cause: object_store::Error,
    },
    /// A commit failed and is not in the log.
    #[error("failed to commit to `{table}`")]
    Commit {
        /// The table concerned.
        table: String,
        /// What made it fail.
        #[source]
        cause: Box<deltalake::DeltaTableError>,
    },
    /// Another process has rewritten the files that were to be rewritten.
    #[error("another process has rewritten files of `{table}`: nothing was changed, it is tried again with the newest version")]
    Overtaken {
        /// The table concerned.
        table: String,
    },
    /// A snapshot is not in the form that we write.
    #[error(
        "failed to understand the snapshot `{object}`: the next one takes its place, let `waymark serve` or `waymark rebuild` make it"
    )]
    SnapshotForm {
        /// The object concerned.
        object: String,
        /// What made it fail.
        #[source]
        cause: serde_json::Error,
    },
    /// An object of the log of forgotten people is not what was written.
    #[error(
        "`{object}`, which notes whom nothing may bring back, is damaged: put the one of the newest backup in its place; only where there is none, remove it, and run `waymark forget` again for everybody who was forgotten"
    )]
    ForgottenDamaged {
        /// The object concerned.
        object: String,
    },
    /// Nothing of the log of forgotten people is there any more.
    #[error(
        "`forgotten/`, which notes whom nothing may bring back, is gone from `{location}`: put the one of the newest backup in its place; only where there is none, run `waymark forget` again for everybody who was forgotten, before anything is taken in"
    )]
    ForgottenGone {
        /// Where the log should be.
        location: String,
    },
    /// A backup of a local folder was asked for, and the tables lie elsewhere.
    #[error(
        "`{location}` is an object store, and `waymark backup` copies local folders: use the store's own versions or replication"
    )]
    BackupOfStore {
        /// Where the tables lie.
        location: String,
    },
    /// The folder for the backup holds something else.
    #[error("`{}` is no place for the backup: give an empty folder outside of the data folder, or one that holds an older backup", .path.display())]
    BackupPlace {
        /// The folder concerned.
        path: PathBuf,
    },
    /// The folder for the backup holds that of another data folder.
    #[error(
        "`{}` holds the backup of a data folder with another `people.key`: give an empty folder, or put that key back; nothing was changed", .path.display()
    )]
    BackupOfAnother {
        /// The folder concerned.
        path: PathBuf,
    },
    /// No snapshot shows what has left the inbox.
    #[error(
        "the newest snapshot shows deliveries up to position {visible}, and those up to {position} have left the inbox: see the log of `waymark serve` for what keeps it from publishing"
    )]
    BackupBehind {
        /// The position that a snapshot has to reach.
        position: i64,
        /// The position that the newest one reaches.
        visible: i64,
    },
    /// Two backups would be written into one folder at once.
    #[error("another backup is being written into `{}`: try again when it has ended", .path.display())]
    BackupBusy {
        /// The folder of the backup.
        path: PathBuf,
    },
    /// A file of the data folder is damaged, and must not take the place of the copy that an older backup has.
    #[error("`{}` is damaged ({why}), so an older backup stays as it is: see `waymark check`", .file.display())]
    BackupOfDamaged {
        /// The file concerned.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A restore ended before everything was in its place.
    #[error("`{}` was restored halfway: remove it, and restore again", .path.display())]
    HalfRestored {
        /// The folder that is no whole one.
        path: PathBuf,
    },
    /// A table's log does not reach back to what the snapshot shows.
    #[error(
        "the log of `{table}` begins after version {version}, which the snapshot shows: let `waymark serve` take in something new, or stop it, and try again"
    )]
    BackupWithoutLog {
        /// The table whose log was trimmed.
        table: String,
        /// The version that the snapshot shows.
        version: u64,
    },
    /// Files went away while they were copied, again and again.
    #[error("files of `{}` went away while they were copied, several times: try again, with a longer `[upkeep] vacuum_days`", .path.display())]
    BackupUnsettled {
        /// The data folder.
        path: PathBuf,
    },
    /// A file of a backup or of a restore could not be handled.
    #[error("failed to {operation} `{}`: check free space and permissions", .path.display())]
    Backup {
        /// What was being done.
        operation: &'static str,
        /// The file or folder concerned.
        path: PathBuf,
        /// What made it fail.
        #[source]
        cause: std::io::Error,
    },
    /// There is no manifest where a backup should be.
    #[error("`{}` holds no backup: give the folder that `waymark backup` wrote", .path.display())]
    NoBackup {
        /// The folder without a manifest.
        path: PathBuf,
    },
    /// The manifest of a backup is not in the form that we write.
    #[error("failed to understand the manifest `{}`: take another backup", .path.display())]
    BackupManifest {
        /// The manifest concerned.
        path: PathBuf,
        /// What made it fail.
        #[source]
        cause: serde_json::Error,
    },
    /// A part of a backup is missing or has another size.
    #[error("the backup is damaged: `{}` has {found_bytes} bytes instead of {expected_bytes}; nothing was restored", .file.display())]
    BackupDamaged {
        /// The file concerned.
        file: PathBuf,
        /// Its size by the manifest.
        expected_bytes: u64,
        /// Its size as it is; 0 when it is missing.
        found_bytes: u64,
    },
    /// A part of a backup is not what was copied.
    #[error(
        "the backup is damaged: `{}` has its size and not its content; nothing was restored, try another copy of the backup", .file.display()
    )]
    BackupChanged {
        /// The file concerned.
        file: PathBuf,
    },
    /// A restore would write over something.
    #[error("`{}` is not empty: give a new folder with `--data`, nothing was restored", .path.display())]
    RestoreTarget {
        /// The folder concerned.
        path: PathBuf,
    },
}
