//! `StateStore`: small operational state of one machine, beside its inbox: which refs were read, how far a back-fill
//! got, the name of its stream on an object store, which lost ranges of a topic were told of, that there is a log of
//! forgotten people.
//!
//! It may be lost together with the inbox: then work is repeated, the machine goes on under another stream, a range
//! that is met again is told of again, and a log that is gone is not missed. What must not be lost with a machine lies
//! beside the tables, as the log of forgotten people does (`forgotten.rs`).

use crate::error::LakeError;
use crate::inbox::open_database;
use crate::layout::Layout;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Named texts in named groups, kept in the data folder's database.
#[derive(Debug)]
pub struct StateStore {
    connection: Mutex<Connection>,
}

impl StateStore {
    /// Opens the state of a data folder.
    ///
    /// # Errors
    /// `OpenInbox` when the database cannot be opened.
    pub fn open(layout: &Layout) -> Result<Self, LakeError> {
        let connection = open_database(layout)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Every name and text of a group.
    ///
    /// # Errors
    /// `Inbox` when the database cannot be read.
    pub fn group(&self, group: &str) -> Result<BTreeMap<String, String>, LakeError> {
        let failed = |cause| LakeError::Inbox { operation: "read the state beside", cause };
        let connection = self.lock();
        let mut statement =
            connection.prepare("select name, value from state where grouping = ?1 order by name").map_err(failed)?;
        let rows = statement.query_map(params![group], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }

    /// Stores the given texts of a group, all or none; other names of the group stay.
    ///
    /// # Errors
    /// `Inbox` when the database cannot be written.
    pub fn store(&self, group: &str, texts: &BTreeMap<String, String>) -> Result<(), LakeError> {
        let failed = |cause| LakeError::Inbox { operation: "write the state beside", cause };
        let mut connection = self.lock();
        let transaction = connection.transaction().map_err(failed)?;
        for (name, value) in texts {
            transaction
                .execute(
                    "insert into state (grouping, name, value) values (?1, ?2, ?3) \
                     on conflict (grouping, name) do update set value = excluded.value",
                    params![group, name, value],
                )
                .map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }

    /// Removes a group with all its names.
    ///
    /// # Errors
    /// `Inbox` when the database cannot be written.
    pub fn remove(&self, group: &str) -> Result<(), LakeError> {
        let removed = self.lock().execute("delete from state where grouping = ?1", params![group]);
        removed.map(|_| ()).map_err(|cause| LakeError::Inbox { operation: "write the state beside", cause })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
