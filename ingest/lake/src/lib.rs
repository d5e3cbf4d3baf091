//! Where it is kept: the durable inbox, the Delta tables, the snapshots. It knows paths and
//! durability, and no meaning: facts, vendors and queries belong to others.
//!
//! * [`Inbox`]: SQLite with group commit; acknowledged means fsynced.
//! * [`Tables`]: append with (stream, position), replace; one writer, the holder of [`FolderLock`].
//! * [`Snapshot`]: which files of which version a reader sees; published by an atomic rename.

mod durable;
mod error;
mod inbox;
mod layout;
mod lock;
mod snapshot;
mod state;
mod tables;

pub use durable::DurableStore;
pub use error::LakeError;
pub use inbox::{Inbox, InboxHandle, InboxLimits, Received};
pub use layout::{FORMAT_VERSION, Layout, fact_table, observed_table};
pub use lock::FolderLock;
pub use snapshot::{DataFile, Snapshot, TableVersion};
pub use state::StateStore;
pub use tables::Tables;

/// The stream of deliveries that arrive through the inbox.
pub const INBOX_STREAM: &str = "inbox";
/// The table of raw deliveries; it is committed last and is therefore the watermark.
pub const DELIVERIES: &str = "deliveries";
/// The table of parts of deliveries that were not understood.
pub const REJECTIONS: &str = "rejections";
