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
    /// Another process writes tables here.
    #[error("another process writes to `{}` ({holder}): stop it, or use another `--data` folder", .path.display())]
    Locked {
        /// The folder concerned.
        path: PathBuf,
        /// What the holder says about itself.
        holder: String,
    },
    /// The inbox could not be opened.
    #[error("failed to open the inbox `{}`", .path.display())]
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
    #[error("failed to open table `{table}`")]
    OpenTable {
        /// The table concerned.
        table: String,
        /// What made it fail.
        #[source]
        cause: Box<deltalake::DeltaTableError>,
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
    /// A snapshot could not be written or read.
    #[error("failed to {operation} snapshot `{}`", .path.display())]
    SnapshotFile {
        /// What was being done.
        operation: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// What made it fail.
        #[source]
        cause: std::io::Error,
    },
    /// A snapshot is not in the form that we write.
    #[error("failed to understand snapshot `{}`", .path.display())]
    SnapshotForm {
        /// The file concerned.
        path: PathBuf,
        /// What made it fail.
        #[source]
        cause: serde_json::Error,
    },
}
