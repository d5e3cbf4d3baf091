//! Where it is kept: the durable inbox, the Delta tables, the snapshots. It knows paths and
//! durability, and no meaning: facts, vendors and queries belong to others.
//!
//! * [`Inbox`]: SQLite with group commit; acknowledged means fsynced.
//! * [`Tables`]: append with (stream, position), rewrite, merge; on this machine one writer, the
//!   holder of [`FolderLock`], on an object store several.
//! * [`Snapshot`]: which files of which version a reader sees; published under a name of its own.

mod appends;
mod backup;
mod checkup;
mod content;
mod credentials;
mod disk;
mod durable;
mod error;
mod files;
mod footers;
mod forgotten;
mod holder;
mod inbox;
mod layout;
mod lock;
mod newest;
mod object_reader;
mod orders;
mod packing;
mod retention;
mod rewrites;
mod runs;
mod snapshot;
mod state;
mod storage;
mod tables;
mod writes;

pub use backup::{BackedUp, Restored, backup, restore};
pub use checkup::{Checkup, check_up, refuse_lost_commits};
pub use content::is_lost;
pub use disk::{DiskUse, database_bytes, disk_use};
pub use durable::DurableStore;
pub use error::LakeError;
pub use files::{Wanted, file_by_file, footer_note, joined, read_rows, words_type};
pub use footers::Footers;
pub use forgotten::{ForgottenLog, note_forgotten};
pub use holder::writer_of;
pub use inbox::{Inbox, InboxHandle, InboxLimits, Received};
pub use layout::{FORMAT_VERSION, Layout, fact_table, observed_table, statement_tables};
pub use lock::FolderLock;
pub use newest::{NEWEST_FIRST, Newest, newest_of};
pub use retention::{Expired, keep_newest_snapshot_only, scrub_database};
pub use rewrites::{NewFile, Removed, Rewrite};
pub use runs::Merged;
pub use snapshot::{DataFile, Snapshot, TableVersion};
pub use state::StateStore;
pub use storage::{Storage, Stored};
pub use tables::Tables;

/// The stream of deliveries that arrive through the inbox.
pub const INBOX_STREAM: &str = "inbox";
/// The table of raw deliveries; it is committed last and is therefore the watermark.
pub const DELIVERIES: &str = "deliveries";
/// How names of files begin that hold what was read again: facts are then computed from nothing.
pub const REBUILT: &str = "all-";
/// The table of parts of deliveries that were not understood.
pub const REJECTIONS: &str = "rejections";
